"""`python -m tenet` is the command `tenet`."""

from tenet.cli import main

main()
