"""What the shop sells, and what its visitors say about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One visitor's words. ``stars`` is 1 to 5."""

    author: str
    stars: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One thing on the shelf. ``cents`` is the price in cents of a euro; ``art`` names its drawing."""

    slug: str
    sku: str
    aisle: str
    name: str
    cents: int
    line: str
    story: tuple[str, ...]
    facts: tuple[str, ...]
    art: str
    reviews: tuple[Review, ...] = ()

    @property
    def price(self) -> str:
        """The price as the shop prints it."""
        return euros(self.cents)

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/{self.aisle}/{self.slug}"


def euros(cents: int) -> str:
    """Print an amount: ``€ 48.00``."""
    return f"€ {cents // 100:,}.{cents % 100:02}"


AISLES = {
    "kitchen": ("Kitchen", "Things that are used every day and look better for it."),
    "table": ("Table", "For breakfasts that take too long."),
}

_ALWAYS = ("Ships in two days", "Thirty days to send it back")

PRODUCTS = (
    Product(
        slug="stoneware-teapot",
        sku="LS-0104",
        aisle="kitchen",
        name="Stoneware teapot, 0.9 litre",
        cents=4800,
        line="The lid stays put for the last cup.",
        story=(
            "Thrown and glazed in Portugal. The lid stays put when you pour the last cup, and the handle"
            " stays cool on an induction hob kept low.",
            "Fires to a slightly different brown each time. Dishwasher safe, though it keeps its colour"
            " longer by hand.",
        ),
        facts=(*_ALWAYS, "Replacement lids, always"),
        art="teapot",
        reviews=(
            Review(author="Ines", stars=5, words="Pours without a drop on the cloth, two years in."),
            Review(author="Tomasz", stars=4, words="Darker than the picture. I like it better that way."),
            Review(author="Ruth", stars=5, words="The lid broke, a new one came within the week."),
        ),
    ),
    Product(
        slug="granite-mortar",
        sku="LS-0117",
        aisle="kitchen",
        name="Granite mortar and pestle",
        cents=3900,
        line="Heavy enough to stay where it is.",
        story=(
            "Turned from one block of grey Beira granite, rough inside and smooth outside.",
            "Four kilograms: it does not walk across the table while you work.",
        ),
        facts=(*_ALWAYS, "Felt under the foot"),
        art="mortar",
        reviews=(Review(author="Jonas", stars=5, words="Pesto in four minutes, and no cable."),),
    ),
    Product(
        slug="salt-crock",
        sku="LS-0121",
        aisle="kitchen",
        name="Salt crock with a cherry lid",
        cents=2600,
        line="Room for a pound, and for a hand.",
        story=(
            "Unglazed inside, so that the salt stays dry. The cherry lid closes by its weight.",
            "The opening is wide enough for three fingers.",
        ),
        facts=(*_ALWAYS, "Comes with 250 g of sea salt"),
        art="crock",
        reviews=(Review(author="Amélie", stars=4, words="The salt stays dry, even beside the kettle."),),
    ),
    Product(
        slug="linden-board",
        sku="LS-0133",
        aisle="kitchen",
        name="Bread board of linden wood",
        cents=3400,
        line="Soft on knives, long on years.",
        story=(
            "Linden is soft: the board gives way, and the knife stays sharp.",
            "Oiled once before it leaves us. Oil it again when it looks thirsty.",
        ),
        facts=(*_ALWAYS, "40 by 24 centimetres"),
        art="board",
    ),
    Product(
        slug="breakfast-bowl",
        sku="LS-0208",
        aisle="table",
        name="Breakfast bowl, blue grey",
        cents=1800,
        line="Deep enough for a second helping.",
        story=("A bowl for porridge, soup and everything between. Stacks six high without wobbling.",),
        facts=(*_ALWAYS, "Oven to 220 degrees"),
        art="bowl",
        reviews=(Review(author="Mei", stars=5, words="The children argue about who gets it."),),
    ),
    Product(
        slug="espresso-cups",
        sku="LS-0215",
        aisle="table",
        name="Two espresso cups",
        cents=2200,
        line="One red, one cream, no saucers.",
        story=("Thick walls keep a small coffee warm while it lasts. Sold as a pair, never the same red.",),
        facts=(*_ALWAYS, "70 millilitres each"),
        art="cups",
    ),
    Product(
        slug="linen-napkins",
        sku="LS-0230",
        aisle="table",
        name="Linen napkins, set of three",
        cents=2900,
        line="Better after every wash.",
        story=("Woven in the north, dyed with plants, hemmed by hand. They come stiff and leave soft.",),
        facts=(*_ALWAYS, "45 by 45 centimetres"),
        art="linen",
    ),
    Product(
        slug="brass-candle-holder",
        sku="LS-0242",
        aisle="table",
        name="Brass candle holder",
        cents=3100,
        line="Catches what drips.",
        story=("Spun from one sheet of brass. It darkens in a year; polish it or do not.",),
        facts=(*_ALWAYS, "Candle not included, we checked"),
        art="candle",
    ),
)

BY_SLUG = {product.slug: product for product in PRODUCTS}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the basket."""

    product: Product
    count: int

    @property
    def price(self) -> str:
        """Count times price, as the shop prints it."""
        return euros(self.cents)

    @property
    def cents(self) -> int:
        """Count times price in cents."""
        return self.product.cents * self.count


def read_basket(cookie: str) -> tuple[Line, ...]:
    """Read ``slug:count.slug:count``, forgiving: what it does not know it leaves out, counts end at 9."""
    lines = []
    for entry in cookie[:400].split("."):
        slug, _, count = entry.partition(":")
        if (product := BY_SLUG.get(slug)) and count in {*"123456789"}:
            lines.append(Line(product, int(count)))
    return tuple({line.product.slug: line for line in lines}.values())


def write_basket(lines: tuple[Line, ...]) -> str:
    """Write what ``read_basket`` reads."""
    return ".".join(f"{line.product.slug}:{line.count}" for line in lines)


def change_basket(lines: tuple[Line, ...], slug: str, by: int) -> tuple[Line, ...]:
    """Add ``by`` pieces of a product (negative takes away, 0 or fewer pieces leave the basket)."""
    product = BY_SLUG.get(slug)
    if product is None:
        return lines
    counts = {line.product.slug: line.count for line in lines}
    counts[slug] = min(9, counts.get(slug, 0) + by)
    return tuple(Line(BY_SLUG[key], count) for key, count in counts.items() if count > 0)
