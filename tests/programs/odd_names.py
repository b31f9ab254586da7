"""Names as programs have them: colons, blanks, quotes, other scripts."""

import pulumi

from tests.things import Thing

for name in ("web::1", "db::1", "a b", 'quo"ted', "grün-münchen", "日本", "a/b", "x" * 100):
    Thing(name, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"former::{name}")]))
