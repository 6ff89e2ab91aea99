"""``python -m heelraise``."""

from heelraise.cli import main

main()
