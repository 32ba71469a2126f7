"""Readable words out of the data's abbreviated ones: "ICE - CRUSHED/CUBED", "22 LB" → "Ice, crushed/cubed, 22 lb"."""

import re

_SHORT = {
    "frzn": "frozen", "refrgratd": "refrigerated", "drnks": "drinks", "drnk": "drink", "misc": "other",
    "pnt btr": "peanut butter",
    "choc": "chocolate", "veg": "vegetables", "swt": "sweet", "crm": "cream", "chz": "cheese", "prod": "products",
    "flvr": "flavoured", "pkg": "packaged", "pckgd": "packaged", "bev": "beverage", "juic": "juice", "sauc": "sauce",
    "w/": "with ", "bnls": "boneless", "sknls": "skinless", "dnr": "dinner", "sngl": "single", "srv": "serve",
    "appl": "apple", "brkfst": "breakfast", "cnd": "canned", "natrl": "natural", "orgnc": "organic", "lt": "light",
}  # fmt: skip

_ANY_SHORT = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, _SHORT))})(?![a-z])")


def product_name(product_type: str | None, category: str | None, brand: str | None, size: str | None) -> str:
    """What to call an article."""
    words = readable(product_type or category or "Article")
    own = "Harvest Lane " if brand == "Private" else ""
    name = f"{own}{words[:1].lower() + words[1:] if own else words}"
    return f"{name}, {size.strip().lower()}" if size and size.strip() else name


def readable(text: str) -> str:
    """A category or type in plain words."""
    text = re.sub(r"\s*[:\-]\s+|\s*:\s*|\s+-\s*", ", ", text.strip().lower())
    text = re.sub(r"\s+", " ", text)
    text = _ANY_SHORT.sub(lambda found: _SHORT[found[0]], text)
    return text[:1].upper() + text[1:]
