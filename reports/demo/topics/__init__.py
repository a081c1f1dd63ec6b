"""What people write to a bicycle maker about, in English and German: the sentences `words` makes messages of."""

from reports.demo.topics.counter import ACCOUNT, ADVICE, CHANGE, PARTS, PRAISE
from reports.demo.topics.money import BUSINESS, INVOICE, PAYMENT, REFUND
from reports.demo.topics.orders import DAMAGED, DELIVERY, RETURN, WRONG_ITEM
from reports.demo.topics.repairs import BRAKES, E_BIKE, GEARS, WARRANTY
from reports.demo.topics.script import Script, Topic

__all__ = ["TOPICS", "Script", "Topic"]

#: in this order they are chosen from
TOPICS = (
    DELIVERY,
    DAMAGED,
    WRONG_ITEM,
    RETURN,
    REFUND,
    INVOICE,
    PAYMENT,
    WARRANTY,
    BRAKES,
    GEARS,
    E_BIKE,
    ADVICE,
    PARTS,
    CHANGE,
    ACCOUNT,
    BUSINESS,
    PRAISE,
)
