"""What is left of the school year that a plan counts, for the pages that show it before anything is spent."""

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import Balance
from aggregator.plans.model import Plan
from aggregator.privacy.accounting import YEAR_UNITS
from web.context import transaction


def year_of(plan: Plan) -> Balance:
    """Return the balance of a plan's school year; a year that nothing was reserved for is whole."""
    for one in ledger.balances(transaction()):
        if one.school_year == plan.school_year:
            return one
    return Balance(plan.school_year, YEAR_UNITS)
