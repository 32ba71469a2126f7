-- What the purchases of a member say about their taste, one row an article: how often, since when, when last, and the
-- purchases summed with weights that halve every 112 (slow) and 28 (fast) days before the last of them.
-- p_since: only purchases from then on; null: all. p_skus: only these articles; null: all. What came back whole is not
-- counted, and two lines of one article on one receipt are one purchase of it.
CREATE FUNCTION product_affinity_v1(p_member_id uuid, p_since timestamptz, p_skus text[])
RETURNS TABLE (
    sku text, name text, category text, department text, brand text,
    times integer, slow double precision, fast double precision, first_at timestamptz, last_at timestamptz
)
LANGUAGE sql STABLE AS $$
    -- What a purchase weighs is computed once for it, as of the member's newest, not again for each of its lines.
    WITH newest AS MATERIALIZED (SELECT max(occurred_at) AS at FROM purchase WHERE member_id = p_member_id),
    bought AS MATERIALIZED (
        SELECT p.purchase_id, p.occurred_at,
               0.5::float8 ^ (extract(epoch FROM n.at - p.occurred_at)::float8 / 86400 / 112) AS slow,
               0.5::float8 ^ (extract(epoch FROM n.at - p.occurred_at)::float8 / 86400 / 28) AS fast
          FROM purchase AS p, newest AS n
         WHERE p.member_id = p_member_id AND (p_since IS NULL OR p.occurred_at >= p_since)
           AND p.occurred_at > n.at - interval '2 years'
    ),
    article AS (
        SELECT l.sku, l.purchase_id, max(l.name) AS name, max(l.category) AS category,
               max(l.department) AS department, max(l.brand) AS brand
          FROM purchase_line AS l
         WHERE l.member_id = p_member_id AND l.sku IS NOT NULL AND l.name IS NOT NULL AND l.kind = 'goods'
           AND l.returned_quantity < l.quantity AND (p_skus IS NULL OR l.sku = ANY (p_skus))
         GROUP BY l.sku, l.purchase_id
    )
    SELECT a.sku, max(a.name), max(a.category), max(a.department), max(a.brand), count(*)::integer,
           sum(b.slow) * 2 ^ (extract(epoch FROM (SELECT at FROM newest) - max(b.occurred_at))::float8 / 86400 / 112),
           sum(b.fast) * 2 ^ (extract(epoch FROM (SELECT at FROM newest) - max(b.occurred_at))::float8 / 86400 / 28),
           min(b.occurred_at), max(b.occurred_at)
      FROM bought AS b JOIN article AS a USING (purchase_id)
     GROUP BY a.sku
$$;
