-- Exact arithmetic that DuckDB lacks: its decimal quotient is a DOUBLE, and three ten-place factors
-- do not fit one DECIMAL. All round half away from zero. What is too large even for that (more than
-- 38 digits on the way) is computed in DOUBLE; what does not fit its column is null.

-- An amount in its major currency: pence over 100. null says that it is in one already.
create or replace temp macro in_major(amount, major_per_minor) as
    if(major_per_minor is null, amount, (amount * major_per_minor::decimal(10, 4))::decimal(28, 10));

-- An amount times a split factor, to ten places.
create or replace temp macro times_factor(amount, factor) as
    coalesce(
        try((amount::decimal(28, 10) * factor::decimal(38, 18))::decimal(28, 10)),
        try((amount::decimal(28, 10) * factor::decimal(28, 10))::decimal(28, 10))
    );

-- The same to twenty places, for comparing; null where that does not fit.
create or replace temp macro times_factor_finely(amount, factor) as
    coalesce(
        try((amount::decimal(28, 10) * factor::decimal(38, 18))::decimal(38, 20)),
        try((amount::decimal(28, 10) * factor::decimal(28, 10))::decimal(38, 20))
    );

-- A split factor as a whole number of 1e-18.
create or replace temp macro factor_units(factor) as
    floor(factor)::hugeint * 1000000000000000000
    + ((factor - floor(factor)) * 1000000000000000000)::hugeint;

-- A price over a split factor, to ten places: (2n + d) // 2d is n / d, rounded.
create or replace temp macro over_factor(price, factor) as
    coalesce(
        try((
            (2 * (abs(price) * 10000000000)::hugeint * 1000000000000000000::hugeint + factor_units(factor))
            // (2 * factor_units(factor))
        )::decimal(38, 0) * sign(price) * 0.0000000001::decimal(10, 10))::decimal(28, 10),
        try((price::double / factor::double)::decimal(28, 10))
    );

-- One over a rate, to ten places.
create or replace temp macro inverse_rate(rate) as
    ((
        (200000000000000000000::hugeint + (rate * 10000000000)::hugeint)
        // (2 * (rate * 10000000000)::hugeint)
    )::decimal(38, 0) * 0.0000000001::decimal(10, 10))::decimal(28, 10);

-- The exact product, where `rounded` is the multiplier itself in fewer places; else null.
create or replace temp macro exact_value(quantity, price, multiplier, rounded) as
    case
        when multiplier = rounded
            then try((quantity * price::decimal(38, 10) * rounded)::decimal(18, 2))
    end;

-- Whether a DOUBLE product tells its cents: it is off by less than 1e-4 cents below 1e9 (six roundings
-- of 2^-53 each), so it does where a half cent is farther away than that.
create or replace temp macro is_certain(product) as
    abs(product) < 1e9 and abs(abs(product) * 100 - floor(abs(product) * 100) - 0.5) > 1e-3;

-- quantity x price x multiplier, exact to the cent: where the DOUBLE product does not tell, the exact
-- product decides, with as many places as the multiplier needs.
create or replace temp macro value_in_cents(quantity, price, multiplier) as
    case
        when is_certain(quantity::double * price::double * multiplier::double)
            then (quantity::double * price::double * multiplier::double)::decimal(18, 2)
        else coalesce(
            exact_value(quantity, price, multiplier, multiplier::decimal(28, 0)),
            exact_value(quantity, price, multiplier, multiplier::decimal(28, 6)),
            exact_value(quantity, price, multiplier, multiplier::decimal(28, 10)),
            try((quantity::double * price::double * multiplier::double)::decimal(18, 2))
        )
    end;

-- amount x rate, exact to the cent, by the same reasoning.
create or replace temp macro value_in_base(amount, rate) as
    case
        when is_certain(amount::double * rate::double) then (amount::double * rate::double)::decimal(18, 2)
        else try((amount::decimal(28, 2) * rate::decimal(38, 10))::decimal(18, 2))
    end;

-- The part of an amount that is owned between two cumulative shares, to the cent. Rounded at both ends, the
-- parts from 0 to 1 add up to the amount, and each is within a cent of its share.
create or replace temp macro split_off(amount, share_before, share_until) as
    if(
        share_before = 0 and share_until = 1,
        amount::decimal(24, 2),
        (round(amount::decimal(24, 2) * share_until, 2) - round(amount::decimal(24, 2) * share_before, 2))::decimal(24, 2)
    );

-- Whether two counts of units are one, but for what a broker's decimals leave off.
create or replace temp macro is_same_count(count, expected) as
    abs(count - expected) <= 0.000001 * abs(count);
