"""``python -m heelraise.c3d.corpus``."""

import sys

from heelraise.c3d.corpus.command import main

sys.exit(main())
