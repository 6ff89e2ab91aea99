"""What the container does with folders of real C3D files, judged by ezc3d and py-c3d."""

from heelraise.c3d.corpus.command import check_folder, main
from heelraise.c3d.corpus.table import Outcome, totals

__all__ = ["Outcome", "check_folder", "main", "totals"]
