"""What is in an archive: trials, who they are of, where their results go, and which static belongs to them."""

from heelraise.batch.discover.content import content_sha256
from heelraise.batch.discover.extract import TEMPORARY, open_member
from heelraise.batch.discover.model import ArchiveLimits, DiscoverOptions, Plan, Source, TrialJob
from heelraise.batch.discover.plan import discover
from heelraise.batch.discover.safe import distinct_names, safe_name
from heelraise.batch.discover.show import plan_lines

__all__ = [
    "TEMPORARY",
    "ArchiveLimits",
    "DiscoverOptions",
    "Plan",
    "Source",
    "TrialJob",
    "content_sha256",
    "discover",
    "distinct_names",
    "open_member",
    "plan_lines",
    "safe_name",
]
