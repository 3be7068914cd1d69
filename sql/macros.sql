-- Exact arithmetic that DuckDB lacks: its decimal quotient is a DOUBLE, and three ten-place factors
-- do not fit one DECIMAL. All round half away from zero.

-- An amount times a split factor, to ten places. The second form serves products of ten digits and more.
create or replace temp macro times_factor(amount, factor) as
    coalesce(
        try((amount::decimal(28, 10) * factor::decimal(38, 18))::decimal(28, 10)),
        (amount::decimal(28, 10) * factor::decimal(28, 10))::decimal(28, 10)
    );

-- A price (never negative) over a split factor, to ten places.
create or replace temp macro over_factor(price, factor) as
    coalesce(
        try((
            (2 * (price::decimal(38, 10) * 10000000000)::hugeint * 1000000000000000000::hugeint
                + (factor::decimal(38, 18) * 1000000000000000000)::hugeint)
            // (2 * (factor::decimal(38, 18) * 1000000000000000000)::hugeint)
        )::decimal(38, 0) * 0.0000000001::decimal(10, 10))::decimal(28, 10),
        try((price::double / factor::double)::decimal(28, 10))
    );

-- One over a rate, to ten places.
create or replace temp macro inverse_rate(rate) as over_factor(1, rate);

-- quantity x price x multiplier in cents, exactly. The DOUBLE product is off by less than 1e-4 cents
-- below 1e9 (six roundings of 2^-53 each), so it is taken where a half cent is farther away than
-- that; elsewhere the exact product decides. null when the value does not fit.
create or replace temp macro value_in_cents(quantity, price, multiplier) as
    case
        when abs(quantity::double * price::double * multiplier::double) < 1e9
            and abs(
                abs(quantity::double * price::double * multiplier::double) * 100
                - floor(abs(quantity::double * price::double * multiplier::double) * 100)
                - 0.5
            ) > 1e-3
            then (quantity::double * price::double * multiplier::double)::decimal(18, 2)
        else coalesce(
            case
                when multiplier = multiplier::decimal(28, 4)
                    then try((quantity * price::decimal(38, 10) * multiplier::decimal(38, 4))::decimal(18, 2))
            end,
            try((quantity * price::decimal(38, 10) * multiplier::decimal(38, 10))::decimal(18, 2)),
            try((quantity::double * price::double * multiplier::double)::decimal(18, 2))
        )
    end;
