"""Whole numbers that are never negative and add up exactly: from the top downwards, the nation first.

Clipping at zero before summing biases every sum upwards, and the nation's by thousands. So a parent is fixed first, and
its children are the whole numbers nearest to their estimates (least squares) *among those that are not negative and
add up to it*. That is a projection onto a simplex (Held, Wolfe and Crowder 1974): all children are moved by one common
amount, those that would fall below zero stay there, and what is left of fractions goes to the largest of them.
"""

import numpy as np
import numpy.typing as npt

from aggregator.estimation.tree import SCALE

Integers = npt.NDArray[np.int64]


def roots(estimates: Integers) -> Integers:
    """Return the nearest whole numbers of estimates times 1024 that are not negative: for what has no parent."""
    found: Integers = np.maximum((estimates + SCALE // 2) // SCALE, 0)
    return found


def below(totals: Integers, estimates: Integers, *, whole: bool) -> Integers:
    """Return whole numbers for the children of several parents, a row each.

    ``estimates`` (times 1024) are parents by children. Where ``whole``, a row adds up to its total; otherwise some
    children are not published, and a row adds up to no more than it. Raises ValueError for a negative total, or for a
    positive one without children to carry it.
    """
    if bool((totals < 0).any()):
        raise ValueError("a total is not negative")
    if estimates.shape[1] == 0:
        if whole and bool(totals.any()):
            raise ValueError("a total without children")
        return estimates
    if whole:
        return _exactly(totals, estimates)
    nearest = roots(estimates)
    above = nearest.sum(axis=1) > totals
    nearest[above] = _exactly(totals[above], estimates[above])
    return nearest


def _exactly(totals: Integers, estimates: Integers) -> Integers:
    """Project every row onto the whole numbers that are not negative and add up to its total."""
    count = estimates.shape[1]
    falling = -np.sort(-estimates, axis=1)
    sums = np.cumsum(falling, axis=1) - (totals * SCALE)[:, None]
    places = np.arange(1, count + 1, dtype=np.int64)
    stays = falling * places > sums
    # The first child always stays where the total is positive; with a total of zero nobody needs to.
    kept = np.where(stays.any(axis=1), count - np.argmax(stays[:, ::-1], axis=1), 1)
    moved = np.take_along_axis(sums, (kept - 1)[:, None], axis=1)
    shares = np.maximum(estimates * kept[:, None] - moved, 0)
    unit = (kept * SCALE)[:, None]
    found, fractions = np.divmod(shares, unit)
    missing = totals - found.sum(axis=1)
    order = np.argsort(-fractions, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(count, dtype=order.dtype)[None, :], axis=1)
    result: Integers = found + (ranks < missing[:, None])
    return result
