# The Debian packages that the tests and the measurements need. tests/run and tests/bench/run read
# this file with "." and call install_packages with some of the lists.
# shellcheck shell=sh disable=SC2034 # the lists are used there

build_packages='gcc make autoconf automake pkg-config musl-tools libfcgi-dev libsqlite3-dev
libjansson-dev libsodium-dev libcurl4-openssl-dev libarchive-dev libseccomp-dev libconfuse-dev
libldap-dev'
# What the modules of tests/e2e need to run an engine and Kabutos, for tests and measurements alike.
kabuto_packages='nginx docker.io iptables iproute2 busybox-static python3 python3-requests
python3-jsonschema sqlite3 git procps util-linux passwd'
test_packages='libcmocka-dev lighttpd docker-registry apache2-utils s6 python3-pytest mercurial curl
zip unzip systemd mandoc e2fsprogs slapd openssl python3-aiosmtpd openssh-client openssh-server
adduser zsh fish'
fuzz_packages='afl++ clang'
podman_packages='podman runc conmon containernetworking-plugins'
# What the root of another Debian needs to run its Docker and its Podman.
other_packages='docker.io containerd runc iptables iproute2 procps kmod podman conmon netavark
ca-certificates'
# The tests of the dashboard. npm (Debian's, unless there is one) fetches axe-core.
browser_packages='chromium chromium-driver python3-selenium'
axe_version=4.14.1
bench_packages='wrk curl zip unzip'

missing_packages() {
	for package; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' ok installed') ;;
		*) echo "$package" ;;
		esac
	done
}

# Installs those of the packages "$@" that are missing, without a start of their services. It runs
# in a shell of its own, whose traps remove the policy whatever ends it.
install_packages() (
	# shellcheck disable=SC2046 # a list of words
	set -- $(missing_packages "$@")
	[ $# -gt 0 ] || exit 0
	echo "== installing $*"
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	set -- apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
	"$@" || { apt-get update -q && "$@"; }
)
