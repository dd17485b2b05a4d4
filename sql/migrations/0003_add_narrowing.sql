-- What the filters of a query leave of the index: one value, which every statement of search hands to admits(). With it
-- come the facts that only some filters ask for.

ALTER TABLE item ADD COLUMN tags text[] NOT NULL DEFAULT '{}'; -- lower case, in order
-- Of file, link, image, code, edited: what the message holds, or this part of a file (search/traits.py).
ALTER TABLE passage ADD COLUMN traits text[] NOT NULL DEFAULT '{}';

-- Conditions that hold together; what is NULL leaves everything.
CREATE TYPE narrowing_option AS (
    items uuid[],
    not_items uuid[],
    passages uuid[],
    not_passages uuid[],
    kind text, -- message or file
    authors uuid[],
    not_authors uuid[],
    after timestamptz, -- inclusive
    before timestamptz, -- exclusive
    times tstzmultirange, -- only where there is a gap between after and before
    langs text[],
    not_langs text[],
    traits text[],
    not_traits text[],
    pages int4multirange[], -- a passage stands on a page of each
    not_pages int4multirange
);

-- One option, or up to 16 of which one has to fit; items and kind are what they have in common.
CREATE TYPE narrowing AS (
    items uuid[],
    kind text,
    single narrowing_option,
    options narrowing_option[]
);

-- The planner inlines these functions, and with a narrowing that it knows (plan_cache_mode = force_custom_plan) only the
-- conditions asked for are left: keep each one expression without sub-selects. That takes 0.1 ms a statement, so that
-- statements ask first whether there is a narrowing. IS NOT DISTINCT FROM NULL, because IS NULL of a whole row is never
-- folded but asked of every passage.
CREATE FUNCTION fits(p passage, o narrowing_option) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ((o).items IS NULL OR (p).item_id = ANY ((o).items))
        AND ((o).not_items IS NULL OR (p).item_id <> ALL ((o).not_items))
        AND ((o).passages IS NULL OR (p).id = ANY ((o).passages))
        AND ((o).not_passages IS NULL OR (p).id <> ALL ((o).not_passages))
        AND ((o).kind IS NULL OR ((p).message_id IS NOT NULL) = ((o).kind = 'message'))
        AND ((o).authors IS NULL OR (p).author_id = ANY ((o).authors))
        AND ((o).not_authors IS NULL OR (p).author_id IS NULL OR (p).author_id <> ALL ((o).not_authors))
        AND ((o).after IS NULL OR (p).created_at >= (o).after)
        AND ((o).before IS NULL OR (p).created_at < (o).before)
        AND ((o).times IS NULL OR (p).created_at <@ (o).times)
        AND ((o).langs IS NULL OR (p).lang = ANY ((o).langs))
        AND ((o).not_langs IS NULL OR (p).lang <> ALL ((o).not_langs))
        AND ((o).traits IS NULL OR (p).traits @> (o).traits)
        AND ((o).not_traits IS NULL OR NOT (p).traits && (o).not_traits)
        AND ((o).pages IS NULL OR (p).page_first IS NOT NULL
            AND int4range((p).page_first, (p).page_last, '[]') && ALL ((o).pages))
        AND ((o).not_pages IS NULL OR (p).page_first IS NULL
            OR NOT int4range((p).page_first, (p).page_last, '[]') && (o).not_pages)
$$;

CREATE FUNCTION fits_any(p passage, options narrowing_option[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT cardinality(options) > 0 AND fits(p, options[1])
        OR cardinality(options) > 1 AND fits(p, options[2])
        OR cardinality(options) > 2 AND fits(p, options[3])
        OR cardinality(options) > 3 AND fits(p, options[4])
        OR cardinality(options) > 4 AND fits(p, options[5])
        OR cardinality(options) > 5 AND fits(p, options[6])
        OR cardinality(options) > 6 AND fits(p, options[7])
        OR cardinality(options) > 7 AND fits(p, options[8])
        OR cardinality(options) > 8 AND fits(p, options[9])
        OR cardinality(options) > 9 AND fits(p, options[10])
        OR cardinality(options) > 10 AND fits(p, options[11])
        OR cardinality(options) > 11 AND fits(p, options[12])
        OR cardinality(options) > 12 AND fits(p, options[13])
        OR cardinality(options) > 13 AND fits(p, options[14])
        OR cardinality(options) > 14 AND fits(p, options[15])
        OR cardinality(options) > 15 AND fits(p, options[16])
$$;

CREATE FUNCTION admits(p passage, n narrowing) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ((n).items IS NULL OR (p).item_id = ANY ((n).items))
        AND ((n).kind IS NULL OR ((p).message_id IS NOT NULL) = ((n).kind = 'message'))
        AND ((n).single IS NOT DISTINCT FROM NULL OR fits(p, (n).single))
        AND ((n).options IS NULL OR fits_any(p, (n).options))
$$;
