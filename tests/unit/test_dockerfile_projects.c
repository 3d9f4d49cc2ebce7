/*
 * Dockerfiles in the manner of well-known projects. None is refused that its builder can build, and
 * each image is read as the engine reads it.
 */
#include "support.h"

#include "dockerfile.h"
#include "dockerfile_builder.h"
#include "dockerfile_translate.h"

static const struct {
	const char *manner;
	bool classic;       /* the classic builder knows all of it */
	const char *images; /* those that it uses, in order */
	const char *text;
} projects[] = {
	{ "a web server of a distribution, with keys and a long RUN", true, "debian:bookworm-slim ",
	    "#\n# NOTE: made by a script\n#\nFROM debian:bookworm-slim\n\n"
	    "LABEL maintainer=\"Maintainers <someone@example.org>\"\n\n"
	    "ENV SERVER_VERSION   1.27.3\nENV PKG_RELEASE 1~bookworm\n\n"
	    "RUN set -x \\\n# a user with a fixed number\n    && groupadd --system --gid 101 www \\\n"
	    "    && apt-get update \\\n    && \\\n    KEYS=\"AAAA \\\n BBBB\"; \\\n"
	    "    for key in $KEYS; do \\\n        gpg1 --keyserver \"$server\" --recv-keys \"$key\" && break; \\\n"
	    "    done; \\\n    test -z \"$found\" && echo >&2 \"error: failed\" && exit 1; \\\n"
	    "    case \"$(dpkg --print-architecture)\" in \\\n        amd64|arm64) \\\n"
	    "            echo \"deb https://example.org/packages bookworm web\" >> /etc/apt/list \\\n"
	    "            ;; \\\n        *) \\\n            && case 1 in esac \\\n            ;; \\\n    esac\n\n"
	    "COPY docker-entrypoint.sh /\nCOPY 10-listen.sh /docker-entrypoint.d/\n"
	    "ENTRYPOINT [\"/docker-entrypoint.sh\"]\nEXPOSE 80\nSTOPSIGNAL SIGQUIT\n"
	    "CMD [\"httpd\", \"-g\", \"daemon off;\"]\n" },
	{ "a database of a distribution: arithmetic, sums, sed scripts", true, "alpine:3.20 ",
	    "FROM alpine:3.20\n\nRUN set -eux; \\\n\taddgroup -S -g 1000 db; \\\n\tadduser -S -G db -u 999 db\n\n"
	    "ENV DOWNLOAD_URL http://example.org/db.tar.gz\nENV DOWNLOAD_SHA 0123456789abcdef\n"
	    "RUN set -eux; \\\n\twget -O db.tar.gz \"$DOWNLOAD_URL\"; \\\n"
	    "\techo \"$DOWNLOAD_SHA *db.tar.gz\" | sha256sum -c -; \\\n"
	    "\t\\\n# a comment between lines\n# https://example.org/why\n"
	    "\tgrep -E '^ *createBool[(]\"protected-mode\",.*, *1 *,.*[)],$' /usr/src/config.c; \\\n"
	    "\tsed -ri 's!^( *a[(].*, *)1( *,.*[)],)$!\\10\\2!' /usr/src/config.c; \\\n"
	    "\texport CC=\"$( [ \"$arch\" = armhf ] && echo 'gcc -m32' )\" n=$(( 1<<20 )); \\\n"
	    "\tmake -j \"$(nproc)\" all\n\n"
	    "RUN mkdir /data && chown db:db /data\nVOLUME /data\nWORKDIR /data\n"
	    "COPY entrypoint.sh /usr/local/bin/\nENTRYPOINT [\"entrypoint.sh\"]\nEXPOSE 6379\nCMD [\"db\"]\n" },
	{ "a notebook stack: ARGs with a registry, owner in quotes, SHELL, users", true,
	    "quay.io/team/base-notebook ",
	    "# Copyright (c) Team.\nARG REGISTRY=quay.io\nARG OWNER=team\nARG BASE_IMAGE=$REGISTRY/$OWNER/base-notebook\n"
	    "FROM $BASE_IMAGE\n\nLABEL maintainer=\"Team <team@example.org>\"\n\n"
	    "# Fix: https://example.org/wiki/DL4006\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n\n"
	    "USER root\nRUN apt-get update --yes && \\\n    apt-get install --yes --no-install-recommends \\\n"
	    "    # - a comment about the next one\n    ffmpeg \\\n    dvipng && \\\n    rm -rf /var/lib/apt/lists/*\n\n"
	    "COPY --chown=\"${NB_UID}:${NB_GID}\" initial-condarc \"${CONDA_DIR}/.condarc\"\n"
	    "USER ${NB_UID}\nRUN mamba install --yes 'scipy' && \\\n    fix-permissions \"/home/${NB_USER}\"\n"
	    "ENV XDG_CACHE_HOME=\"/home/${NB_USER}/.cache/\"\nWORKDIR \"${HOME}\"\n" },
	{ "a notebook stack: a program bound from another image", false,
	    "ubuntu:24.04 mambaorg/micromamba:2 micromamba ",
	    "ARG ROOT_IMAGE=ubuntu:24.04\nFROM $ROOT_IMAGE\n"
	    "COPY --from=mambaorg/micromamba:2 /bin/micromamba /bin/\n"
	    "RUN --mount=type=bind,from=micromamba,source=/bin/micromamba,target=/bin/mm \\\n    mm shell init\n" },
	{ "R: build scripts, languages, CMD of an init system", true, "ubuntu:noble ",
	    "FROM ubuntu:noble\n\nENV R_VERSION=\"4.4.1\"\nENV R_HOME=/usr/local/lib/R\nENV TZ=\"Etc/UTC\"\n\n"
	    "COPY scripts/install_R_source.sh /scripts/install_R_source.sh\nRUN /scripts/install_R_source.sh\n\n"
	    "ENV CRAN=https://packages.example.org/cran/__linux__/noble/2024-10-30\nENV LANG=en_US.UTF-8\n\n"
	    "RUN R -q -e 'install.packages(c(\"a\", \"b\"), repos = \"https://cran.example.org\")'\n"
	    "COPY scripts /scripts\nCMD [\"R\"]\n" },
	{ "R: settings as a here-document", false, "ubuntu:noble ",
	    "FROM ubuntu:noble\nCOPY <<\"EOF\" /etc/R/Rprofile.site\noptions(repos = c(CRAN = \"x\"))\n"
	    "FROM other\nEOF\nRUN <<EOF\n#!/bin/bash\nfrom=1\nEOF\nCMD [\"R\"]\n" },
	{ "Go in stages, for the platform of the builder", true,
	    "golang:1.23 gcr.io/distroless/static-debian12:nonroot ",
	    "# syntax=docker/dockerfile:1\nARG GO_VERSION=1.23\nFROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build\n"
	    "WORKDIR /src\nARG TARGETOS TARGETARCH\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\n"
	    "RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags=\"-s -w -X main.v=${VERSION:-dev}\" -o /out/app ./cmd/app\n\n"
	    "FROM build AS test\nRUN go test ./...\n\n"
	    "FROM gcr.io/distroless/static-debian12:nonroot AS final\nCOPY --from=build --chown=nonroot:nonroot /out/app /app\n"
	    "ENTRYPOINT [\"/app\"]\n" },
	{ "Go with caches", false, "golang:1.23 scratch-not ",
	    "FROM golang:1.23 AS build\nRUN --mount=type=bind,target=. \\\n    --mount=type=bind,from=scratch-not,target=/x \\\n    go build -o /app .\n"
	    "FROM scratch\nCOPY --link --from=build /app /app\n" },
	{ "Node: alpine, several stages, health", true, "node:20-alpine ",
	    "FROM node:20-alpine AS base\n\nFROM base AS deps\nRUN apk add --no-cache libc6-compat\nWORKDIR /app\n"
	    "COPY package.json yarn.lock* package-lock.json* pnpm-lock.yaml* ./\n"
	    "RUN \\\n  if [ -f yarn.lock ]; then yarn --frozen-lockfile; \\\n  elif [ -f package-lock.json ]; then npm ci; \\\n"
	    "  else echo \"Lockfile not found.\" && exit 1; \\\n  fi\n\n"
	    "FROM base AS builder\nWORKDIR /app\nCOPY --from=deps /app/node_modules ./node_modules\nCOPY . .\nRUN npm run build\n\n"
	    "FROM base AS runner\nENV NODE_ENV=production\nRUN adduser --system --uid 1001 nextjs\n"
	    "COPY --from=builder --chown=nextjs:nodejs /app/.next/standalone ./\nUSER nextjs\n"
	    "HEALTHCHECK --interval=30s --timeout=3s CMD wget -qO- http://localhost:3000/ || exit 1\n"
	    "CMD [\"node\", \"server.js\"]\n" },
	{ "Django: a version as a build argument, pip", true, "python:3.12-slim-bookworm ",
	    "ARG PYTHON_VERSION=3.12-slim-bookworm\n\n# the usual image\nFROM python:${PYTHON_VERSION} as python\n\n"
	    "FROM python as python-build-stage\nARG BUILD_ENVIRONMENT=local\n"
	    "RUN apt-get update && apt-get install --no-install-recommends -y \\\n  # for packages\n  build-essential \\\n  libpq-dev\n"
	    "COPY ./requirements .\nRUN pip wheel --wheel-dir /usr/src/app/wheels  \\\n  -r ${BUILD_ENVIRONMENT}.txt\n\n"
	    "FROM python as python-run-stage\nCOPY --from=python-build-stage /usr/src/app/wheels  /wheels/\n"
	    "RUN pip install --no-cache-dir --no-index --find-links=/wheels/ /wheels/* \\\n  && rm -rf /wheels/\n"
	    "COPY ./compose/entrypoint /entrypoint\nRUN sed -i 's/\\r$//g' /entrypoint\nRUN chmod +x /entrypoint\n"
	    "ENTRYPOINT [\"/entrypoint\"]\n" },
	{ "conda: a login shell, an environment file", true, "continuumio/miniconda3:24.7.1-0 ",
	    "FROM continuumio/miniconda3:24.7.1-0\nADD environment.yml /tmp/environment.yml\n"
	    "RUN conda env create -f /tmp/environment.yml\n"
	    "RUN echo \"source activate $(head -1 /tmp/environment.yml | cut -d' ' -f2)\" > ~/.bashrc\n"
	    "ENV PATH /opt/conda/envs/$(head -1 /tmp/environment.yml | cut -d' ' -f2)/bin:$PATH\n"
	    "SHELL [\"conda\", \"run\", \"-n\", \"env\", \"/bin/bash\", \"-c\"]\nRUN python -c \"from numpy import array; print(1 << 3)\"\n" },
	{ "micromamba: a lock file, an ARG that the base image reads", true,
	    "mambaorg/micromamba:1.5.8 ",
	    "FROM mambaorg/micromamba:1.5.8\nCOPY --chown=$MAMBA_USER:$MAMBA_USER env.yaml /tmp/env.yaml\n"
	    "RUN micromamba install -y -n base -f /tmp/env.yaml && \\\n    micromamba clean --all --yes\n"
	    "ARG MAMBA_DOCKERFILE_ACTIVATE=1  # (otherwise python will not be found)\nRUN python -c 'import uuid'\n" },
	{ "Rust with a recipe", true,
	    "lukemathwalker/cargo-chef:latest-rust-1 debian:bookworm-slim ",
	    "FROM lukemathwalker/cargo-chef:latest-rust-1 AS chef\nWORKDIR /app\n\nFROM chef AS planner\nCOPY . .\n"
	    "RUN cargo chef prepare --recipe-path recipe.json\n\nFROM chef AS builder\n"
	    "COPY --from=planner /app/recipe.json recipe.json\nRUN cargo chef cook --release --recipe-path recipe.json\n"
	    "COPY . .\nRUN cargo build --release --bin app\n\n# We do not need Rust here\nFROM debian:bookworm-slim AS runtime\n"
	    "COPY --from=builder /app/target/release/app /usr/local/bin\nENTRYPOINT [\"/usr/local/bin/app\"]\n" },
	{ "CUDA: versions cut out of a version", true,
	    "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04 ",
	    "ARG CUDA_VERSION=12.4.1\nARG UBUNTU=22.04\nFROM nvidia/cuda:${CUDA_VERSION}-cudnn-devel-ubuntu${UBUNTU}\n"
	    "ARG CUDA_VERSION\nRUN pip install torch --index-url https://example.org/whl/cu$(echo $CUDA_VERSION | cut -d. -f1,2 | tr -d '.')\n"
	    "RUN echo 'export A=\"$B\"' >> /etc/profile && \\\n    printf '%s\\n' a b \\\n      c > /x\n" },
	{ "a Windows editor's line ends and byte order mark", true, "python:3.12 ",
	    "\xef\xbb\xbf# escape=\\\r\nARG TAG=3.12\r\nFROM python:${TAG}\r\nRUN a && \\\r\n    b\r\nCOPY . /app\r\n" },
};

static bool
note_image(void *context, const char *name, char **other, struct error *err)
{
	(void)other;
	(void)err;
	strcat(strcat(context, name), " ");
	return true;
}

/* Returns whether all of it passes. images gets the names of its images. */
static bool
prepare(const char *text, const struct dockerfile_builder *builder, char *images, struct error *err)
{
	cleanup_instructions struct dockerfile_instructions all = { 0 };
	const struct dockerfile_translation translation = {
		.text = text, .instructions = &all, .visit = note_image, .context = images
	};
	cleanup_free char *translated = NULL;

	images[0] = err->text[0] = '\0';
	if (!dockerfile_instruction_read(&all, text, err) ||
	    !dockerfile_builder_check(&all, builder, err))
		return false;
	translated = dockerfile_translate(&translation, err);
	return translated != NULL && dockerfile_check(translated, NULL, NULL, err);
}

static void
test_dockerfiles_of_projects_are_read_as_they_are_meant(void **state)
{
	static const struct dockerfile_builder classic = { 0 }, newer = { true, true, true };
	char images[1000];
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(projects); i++) {
		row_check(failed, prepare(projects[i].text, &newer, images, &err), "%s: %s",
		    projects[i].manner, err.text);
		row_check(failed, strcmp(images, projects[i].images) == 0, "%s: %s",
		    projects[i].manner, images);
		row_check(failed,
		    prepare(projects[i].text, &classic, images, &err) == projects[i].classic,
		    "%s: %s", projects[i].manner, err.text);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dockerfiles_of_projects_are_read_as_they_are_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
