-- What the filters of a query leave of the index: one value, which every statement of search hands to admits().

CREATE TYPE narrowing AS (
    items uuid[],
    kind text, -- message or file
    authors uuid[],
    not_authors uuid[],
    after timestamptz, -- inclusive
    before timestamptz, -- exclusive
    langs text[],
    not_langs text[]
);

-- Say whether a passage fits; what is NULL leaves everything. The planner inlines it, and with a narrowing that it knows
-- (plan_cache_mode = force_custom_plan) only the conditions asked for are left: keep it one expression without sub-selects.
CREATE FUNCTION admits(p passage, n narrowing) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ((n).items IS NULL OR (p).item_id = ANY ((n).items))
        AND ((n).kind IS NULL OR ((p).message_id IS NOT NULL) = ((n).kind = 'message'))
        AND ((n).authors IS NULL OR (p).author_id = ANY ((n).authors))
        AND ((n).not_authors IS NULL OR (p).author_id IS NULL OR (p).author_id <> ALL ((n).not_authors))
        AND ((n).after IS NULL OR (p).created_at >= (n).after)
        AND ((n).before IS NULL OR (p).created_at < (n).before)
        AND ((n).langs IS NULL OR (p).lang = ANY ((n).langs))
        AND ((n).not_langs IS NULL OR (p).lang <> ALL ((n).not_langs))
$$;
