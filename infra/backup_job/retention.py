"""Which backups are kept: grandfather, father, son. Pure: moments in, moments out."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field


class Retention(BaseModel):
    """How many backups are kept; of each hour, day, week (ISO), month and year the newest one counts. All in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last: int = Field(default=3, ge=1, description="the newest proven ones, however old: at least one is never pruned")
    hourly: int = Field(default=24, ge=0)
    daily: int = Field(default=7, ge=0)
    weekly: int = Field(default=5, ge=0)
    monthly: int = Field(default=12, ge=0)
    yearly: int = Field(default=10, ge=0)


def kept(moments: Iterable[datetime], retention: Retention) -> frozenset[datetime]:
    """Return those of the moments of backups whose backups stay.

    A period without a backup takes no place: after a long silence as many stay as ever.

    >>> noon, midnight = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    >>> kept([midnight, noon], Retention(last=1, hourly=0, daily=5, weekly=0, monthly=0, yearly=0)) == {noon}
    True
    """
    newest_first = sorted({moment.astimezone(UTC) for moment in moments}, reverse=True)
    found = set(newest_first[: retention.last])
    for count, period in _periods(retention):
        newest_of: dict[str, datetime] = {}
        for moment in newest_first:
            newest_of.setdefault(moment.strftime(period), moment)
        found.update(list(newest_of.values())[:count])
    return frozenset(found)


def _periods(retention: Retention) -> Iterator[tuple[int, str]]:
    yield retention.hourly, "%Y-%m-%d %H"
    yield retention.daily, "%Y-%m-%d"
    yield retention.weekly, "%G-%V"
    yield retention.monthly, "%Y-%m"
    yield retention.yearly, "%Y"
