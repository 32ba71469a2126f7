"""What earning changes by itself: the expiry of lots, which follows the member's tier."""

from fedele.domains.earning.commands.follow_tier import follow_tier

__all__ = ["follow_tier"]
