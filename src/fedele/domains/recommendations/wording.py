"""Why a product is recommended, in the member's language."""

from fedele.domains.programme.types import Text

REASONS: dict[str, Text] = {
    name: Text(texts)
    for name, texts in {
        "bought_often": {
            "en": "You buy it often",
            "it": "Lo compri spesso",
            "ru": "Вы часто это покупаете",
            "ar": "تشتريه كثيرًا",
        },
        "bought_before": {
            "en": "You have bought it before",
            "it": "L'hai già comprato",
            "ru": "Вы это уже покупали",
            "ar": "اشتريته من قبل",
        },
        "bought_lately": {
            "en": "You bought it lately",
            "it": "L'hai comprato di recente",
            "ru": "Вы недавно это покупали",
            "ar": "اشتريته مؤخرًا",
        },
        "due_again": {
            "en": "It may be time for it again",
            "it": "Forse è ora di ricomprarlo",
            "ru": "Возможно, пора купить снова",
            "ar": "ربما حان وقت شرائه مجددًا",
        },
        "bought_together": {
            "en": "Goes well with {product}, which you buy",
            "it": "Si compra spesso insieme a {product}, che compri tu",
            "ru": "Часто берут вместе с тем, что покупаете вы: {product}",
            "ar": "يُشترى كثيرًا مع {product} الذي تشتريه",
        },
        "popular": {
            "en": "Many members buy it",
            "it": "Lo comprano in tanti",
            "ru": "Это покупают многие",
            "ar": "يشتريه كثيرون",
        },
    }.items()
}
