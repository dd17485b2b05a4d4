-- What an imported conversation quotes from where the importer cannot look is kept as what it is: a claim.
ALTER TABLE citation DROP CONSTRAINT citation_verdict_check;
ALTER TABLE citation ADD CONSTRAINT citation_verdict_check
    CHECK (verdict IN ('verbatim', 'normalised', 'paraphrase', 'unverified'));
