"""What is done with rewards, a file per use case."""

from fedele.domains.rewards.commands.draws import draw_sweepstake
from fedele.domains.rewards.commands.giving import give_reward, hold_reward
from fedele.domains.rewards.commands.life import (
    cancel_redemption,
    forget_member,
    fulfil_redemption,
    order_delivery,
    revoke_redemption,
    use_redemption,
)
from fedele.domains.rewards.commands.redeem import redeem, redeem_reward
from fedele.domains.rewards.commands.shelf import add_codes, adjust_stock, release_lapsed

__all__ = [
    "add_codes",
    "adjust_stock",
    "cancel_redemption",
    "draw_sweepstake",
    "forget_member",
    "fulfil_redemption",
    "give_reward",
    "hold_reward",
    "order_delivery",
    "redeem",
    "redeem_reward",
    "release_lapsed",
    "revoke_redemption",
    "use_redemption",
]
