"""A small filesystem of its own, which can be filled without harm to the machine."""
import errno
import os
import pathlib
import subprocess


class Disk:
    def __init__(self, image, mount, megabytes):
        self.image, self.mount = pathlib.Path(image), pathlib.Path(mount)
        self.mount.mkdir(parents=True)
        with open(self.image, 'wb') as file:
            file.truncate(megabytes << 20)
        subprocess.run(['mkfs.ext4', '-q', '-m', '0', self.image], check=True)
        subprocess.run(['mount', '-o', 'loop', self.image, self.mount], check=True)
        (self.mount / 'lost+found').rmdir()

    def fill(self, leave=0):
        """Takes all the room there is, but for so many bytes."""
        with open(self.mount / '.filling', 'wb') as file:
            block = 1 << 20
            while block:
                free = os.statvfs(self.mount).f_bavail * os.statvfs(self.mount).f_frsize
                block = min(block, free - leave) if leave else block
                try:
                    if block <= 0:
                        break
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), block)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    block //= 2
                    block = block if block >= 512 else 0

    def free(self):
        (self.mount / '.filling').unlink(missing_ok=True)

    def close(self):
        subprocess.run(['umount', '-l', self.mount], check=False, capture_output=True)
        self.image.unlink(missing_ok=True)
