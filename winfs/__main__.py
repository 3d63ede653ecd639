"""`python -m winfs` is `winfs`."""

from winfs.cli import main

main()
