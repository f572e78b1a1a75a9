"""Discounting: net present value, internal rate of return, payback, DCF, the return of a financed cluster."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import pairwise
from math import gcd

from assistant.calculators.operands import (
    HUNDRED,
    ONE,
    ZERO,
    Amount,
    Count,
    Flag,
    Money,
    MoneyList,
    Number,
    Outcome,
    Rate,
    Share,
    Whole,
    common_unit,
    list_unit,
    not_negative,
    operand,
    outcome,
    percent,
    positive,
    shown,
)
from assistant.errors import InputError

_NOTHING = Amount(ZERO)
_SMALLEST_IRR, _LARGEST_IRR = Decimal("-0.999999"), Decimal("1e6")
_FASTEST_GROWTH = Decimal(10)
_CLOSE_ENOUGH = Decimal("1e-32")
_MOST_ITERATIONS = 300
_MOST_YEARS = 100
_MOST_SIGN_CHANGES_PERIODS = 120


# ---------------------------------------------------------------- present value and rate of return


def npv(rate: Rate, cash_flows: MoneyList) -> Outcome:
    """Return the net present value of flows at times 0, 1, 2…: the first one is not discounted.

    Source: CFA Institute, Corporate Issuers, "Capital Investments" (NPV). numpy-financial counts time the same way;
    a spreadsheet's NPV() starts at time 1. Unit: that of the flows. Raises InputError for a rate of -100 % or less.
    """
    _check_rate(rate, "rate")
    unit = list_unit("cash_flows", cash_flows)
    flows = [flow.value for flow in cash_flows]
    value = _present_value(rate, flows)
    parts = " + ".join(f"{operand(f)} / (1 + {operand(percent(rate))})^{t}" for t, f in enumerate(flows))
    steps = [f"t = {t}: {shown(f)} → {shown(f / (1 + rate) ** t, unit)}" for t, f in enumerate(flows)]
    return Outcome(
        value, unit, "NPV = Σ CF_t / (1 + rate)^t, t = 0…n", f"{parts} ≈ {shown(value, unit)}", _brief(steps)
    )


def irr(cash_flows: MoneyList) -> Outcome:
    """Return the rate, in % a period, at which the flows at times 0, 1, 2… are worth nothing today.

    Source: CFA Institute, Corporate Issuers, "Capital Investments" (IRR). Whether it exists and is the only one above
    -100 % is decided exactly, by Descartes' rule of signs and else by Sturm's theorem.
    Raises InputError if there is no such rate or more than one.
    """
    unit = list_unit("cash_flows", cash_flows)
    flows = [flow.value for flow in cash_flows]
    rate = internal_rate(flows)
    shown_flows = " + ".join(f"{operand(f)} / (1 + IRR)^{t}" for t, f in enumerate(flows))
    found = shown(rate * HUNDRED, "%")
    check = f"NPV at {found}: {shown(_present_value(rate, flows).quantize(Decimal('1e-6')), unit)}"
    total = f"sum of the flows undiscounted: {shown(sum(flows, ZERO), unit)}"
    return Outcome(
        rate * HUNDRED, "%", "0 = Σ CF_t / (1 + IRR)^t, t = 0…n", f"0 = {shown_flows}; IRR ≈ {found}", (check, total)
    )


def internal_rate(flows: Sequence[Decimal]) -> Decimal:
    """Return the only internal rate of return above -100 %, as a fraction; raise InputError if none or several."""
    changes = _sign_changes(flows)
    if changes == 0:
        raise InputError("An IRR needs at least one payment and one receipt; all the cash flows have the same sign.")
    roots = 1 if changes == 1 else _positive_roots(flows)
    # An even number of changes with one root: the value touches zero there without crossing it.
    if roots != 1 or changes % 2 == 0:
        raise InputError(
            f"These cash flows change sign {changes} times; the number of rates at which they are worth nothing is "
            f"{roots}, so there is no single return. Use npv with a discount rate."
        )
    rate = 1 / _positive_root(flows) - 1
    if not _SMALLEST_IRR < rate < _LARGEST_IRR:
        raise InputError("The IRR is beyond reason (under -99.9999% or over 100,000,000%); check the scales.")
    return rate


def _present_value(rate: Decimal, flows: Sequence[Decimal]) -> Decimal:
    """Horner's rule in the discount factor."""
    factor, value = 1 / (1 + rate), ZERO
    for flow in reversed(flows):
        value = value * factor + flow
    return value


def _value_and_slope(factor: Decimal, flows: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    value = slope = ZERO
    for flow in reversed(flows):
        slope = slope * factor + value
        value = value * factor + flow
    return value, slope


def _positive_root(coefficients: Sequence[Decimal]) -> Decimal:
    """Return the single positive root of Σ coefficient × x^t, by Newton's steps that may not leave their bracket."""
    while not coefficients[0]:
        coefficients = coefficients[1:]
    starts_below = coefficients[0] < 0

    def is_left(value: Decimal) -> bool:
        return (value < 0) == starts_below

    low, high = ZERO, ONE
    while is_left(_value_and_slope(high, coefficients)[0]):
        low, high = high, high * 2
    guess = (low + high) / 2
    for _ in range(_MOST_ITERATIONS):
        value, slope = _value_and_slope(guess, coefficients)
        low, high = (guess, high) if is_left(value) else (low, guess)
        newton = guess - value / slope if slope else low
        if abs(newton - guess) <= guess * _CLOSE_ENOUGH:
            break
        guess = newton if low < newton < high else (low + high) / 2
    return guess


def _sign_changes(flows: Sequence[Decimal]) -> int:
    signs = [flow > 0 for flow in flows if flow]
    return sum(a != b for a, b in pairwise(signs))


def _positive_roots(flows: Sequence[Decimal]) -> int:
    """Count the distinct positive roots of Σ flow × x^t by Sturm's theorem, in whole numbers, so exactly."""
    if len(flows) > _MOST_SIGN_CHANGES_PERIODS:
        raise InputError(
            f"With several changes of sign an IRR is sought over {_MOST_SIGN_CHANGES_PERIODS} periods at most; "
            f"these are {len(flows)}."
        )
    places = max(0, -min(int(flow.as_tuple().exponent) for flow in flows))
    with localcontext(prec=200):
        whole = [int(flow.scaleb(places)) for flow in flows]
    while whole[-1] == 0:
        whole.pop()
    while whole[0] == 0:
        whole.pop(0)
    chain = [_primitive(whole), _primitive([n * c for n, c in enumerate(whole)][1:])]
    while len(chain[-1]) > 1:
        remainder = _negated_remainder(chain[-2], chain[-1])
        if not remainder:
            break
        chain.append(remainder)
    at_zero = [_sign(polynomial[0]) for polynomial in chain]
    at_infinity = [_sign(polynomial[-1]) for polynomial in chain]
    return _changes(at_zero) - _changes(at_infinity)


def _negated_remainder(dividend: list[int], divisor: list[int]) -> list[int]:
    """Return −(dividend mod divisor) up to a positive factor, lowest power first; [] if it divides evenly."""
    rest, lead = list(dividend), divisor[-1]
    while len(rest) >= len(divisor):
        top, shift = rest[-1], len(rest) - len(divisor)
        rest = [abs(lead) * c for c in rest]
        for n, c in enumerate(divisor):
            rest[n + shift] -= (top if lead > 0 else -top) * c
        while rest and rest[-1] == 0:
            rest.pop()
    return [-c for c in _primitive(rest)]


def _primitive(polynomial: list[int]) -> list[int]:
    content = gcd(*polynomial) or 1
    return [c // content for c in polynomial]


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _changes(signs: Sequence[int]) -> int:
    return sum(a != b for a, b in pairwise([s for s in signs if s]))


# ---------------------------------------------------------------- payback


def payback(investment: Money, annual_cash: Money, discount_rate: Rate = ZERO) -> Outcome:
    """Return the years until level annual cash has repaid the investment; discounted if a rate is given.

    Source: CFA Institute, Corporate Issuers, "Capital Investments" (payback and discounted payback period): within the
    last year the cash is taken to come in evenly. Raises InputError if it never repays.
    """
    unit = common_unit(investment=investment, annual_cash=annual_cash)
    positive(investment, "investment", "give what is spent as a positive amount")
    positive(annual_cash, "annual_cash", "without cash coming in the investment is never repaid")
    _check_rate(discount_rate, "discount_rate")
    operands: dict[str, Amount | Decimal | int | str] = {
        "investment": investment,
        "annual_cash": annual_cash,
        "discount_rate": percent(discount_rate),
    }
    if not discount_rate:
        return outcome(investment.value / annual_cash.value, "years", "investment / annual_cash", operands)
    if discount_rate > 0 and annual_cash.value / discount_rate <= investment.value:
        worth = shown(annual_cash.value / discount_rate, unit)
        raise InputError(f"Never repaid: even for ever, the cash is worth only {worth} today.")
    full, rest = 0, investment.value
    while rest > (worth_now := annual_cash.value / (1 + discount_rate) ** (full + 1)):
        full, rest = full + 1, rest - worth_now
        if full >= 1000:
            raise InputError("Not repaid within 1,000 years.")
    return outcome(
        full + rest / worth_now,
        "years",
        "n + (investment − Σ annual_cash / (1 + discount_rate)^t, t = 1…n) / "
        "(annual_cash / (1 + discount_rate)^(n + 1))",
        {**operands, "n": full},
        f"full years n: {full}, still open then: {shown(rest, unit)}",
        f"discounted cash of year {full + 1}: {shown(worth_now, unit)}",
    )


# ---------------------------------------------------------------- discounted cash flow


def dcf(
    cash_flows: MoneyList,
    discount_rate: Rate,
    terminal_growth: Rate | None = None,
    exit_multiple: Number | None = None,
    net_debt: Money = _NOTHING,
    shares: Count | None = None,
    mid_year: Flag = False,
    exit_base: Money | None = None,
) -> Outcome:
    """Return the value of equity (of one share, if `shares` is given) from flows at the end of years 1…n.

    What follows year n is worth CF_n × (1 + g) / (r − g) with a terminal growth, or exit_multiple × exit_base (the
    last year's EBITDA, say; the last cash flow if none is given). With `mid_year` flows come half a year earlier, as
    does the growing perpetuity, but not the exit. Source: CFA Institute, Equity Valuation, "Free Cash Flow Valuation";
    mid-year convention: Rosenbaum and Pearl, "Investment Banking", ch. 3.
    Raises InputError unless exactly one of the two endings is given, or growth reaches the discount rate.
    """
    unit = list_unit("cash_flows", cash_flows, net_debt=net_debt, exit_base=exit_base)
    _check_rate(discount_rate, "discount_rate")
    if (terminal_growth is None) == (exit_multiple is None):
        raise InputError(
            "Give either terminal_growth or exit_multiple: the years after the last flow need one of them."
        )
    flows = [flow.value for flow in cash_flows]
    early = Decimal("0.5") if mid_year else ZERO
    present = [f / (1 + discount_rate) ** (t - early) for t, f in enumerate(flows, 1)]
    if terminal_growth is not None:
        _check_growth(terminal_growth, discount_rate)
        positive(flows[-1], "the last cash flow", "a loss that grows for ever has no value; extend the forecast")
        terminal = flows[-1] * (1 + terminal_growth) / (discount_rate - terminal_growth)
        ending, after = "CF_n × (1 + terminal_growth) / (discount_rate − terminal_growth)", len(flows) - early
    else:
        assert exit_multiple is not None
        base = exit_base.value if exit_base is not None else flows[-1]
        terminal = positive(exit_multiple, "exit_multiple", "no one pays nothing") * positive(
            base, "exit_base", "a multiple of a loss has no meaning"
        )
        ending, after = f"exit_multiple × {'exit_base' if exit_base is not None else 'CF_n'}", Decimal(len(flows))
    terminal_now = terminal / (1 + discount_rate) ** after
    enterprise = sum(present, ZERO) + terminal_now
    timing = "(t − 0.5)" if mid_year else "t"
    end_timing = "(n − 0.5)" if mid_year and terminal_growth is not None else "n"
    formula = (
        f"EV = Σ CF_t / (1 + discount_rate)^{timing} + TV / (1 + discount_rate)^{end_timing}, "
        f"TV = {ending}; equity = EV − net_debt"
    )
    steps = [f"year {t}: {shown(f)} → {shown(p, unit)}" for t, (f, p) in enumerate(zip(flows, present, strict=True), 1)]
    steps += [
        f"present value of the flows: {shown(sum(present, ZERO), unit)}",
        f"terminal value in year {len(flows)}: {shown(terminal, unit)}",
        f"terminal value today: {shown(terminal_now, unit)}, {shown(terminal_now / enterprise * HUNDRED, '%')} of EV"
        if enterprise > 0
        else f"terminal value today: {shown(terminal_now, unit)}",
        f"enterprise value: {shown(enterprise, unit)}",
    ]
    return _per_share(
        enterprise,
        net_debt,
        shares,
        unit,
        formula,
        f"{shown(sum(present, ZERO))} + {shown(terminal_now)}",
        tuple(steps),
    )


def _per_share(
    enterprise: Decimal,
    net_debt: Amount,
    shares: Decimal | None,
    unit: str,
    formula: str,
    parts: str,
    steps: tuple[str, ...],
) -> Outcome:
    equity = enterprise - net_debt.value
    steps = (*steps, f"equity value: {shown(equity, unit)}")
    if shares is None:
        return Outcome(equity, unit, formula, f"{parts} − {operand(net_debt)} ≈ {shown(equity, unit)}", steps)
    value = equity / positive(shares, "shares", "a company without shares has no price of one")
    return Outcome(
        value,
        unit,
        f"{formula}; price = equity / shares",
        f"({parts} − {operand(net_debt)}) / {operand(shares)} ≈ {shown(value, unit)}",
        (*steps, f"a share: {shown(value, unit)}"),
    )


def reverse_dcf(
    price: Money,
    shares: Count,
    cash_flow: Money,
    discount_rate: Rate,
    terminal_growth: Rate,
    years: Whole = 10,
    net_debt: Money = _NOTHING,
) -> Outcome:
    """Return the growth, in % a year over `years`, that the price implies for the cash flow of the last year.

    price × shares + net_debt = Σ CF_0 (1 + g)^t / (1 + r)^t + CF_0 (1 + g)^n (1 + tg) / (r − tg) / (1 + r)^n is solved
    for g. Source: Rappaport and Mauboussin, "Expectations Investing" (reverse DCF).
    Raises InputError for a loss-making base, no years, growth at or above the discount rate, or no growth that fits.
    """
    unit = common_unit(price=price, cash_flow=cash_flow, net_debt=net_debt)
    _check_rate(discount_rate, "discount_rate")
    _check_growth(terminal_growth, discount_rate)
    _check_years(years, "years")
    cash = positive(cash_flow, "cash_flow", "no growth turns a loss into a value; start from a year with a profit")
    enterprise = positive(price, "price", "a price to explain is needed") * positive(shares, "shares", "count them")
    enterprise = positive(enterprise + net_debt.value, "enterprise value", "net cash exceeds the market value")

    perpetuity = (1 + terminal_growth) / (discount_rate - terminal_growth)

    # A polynomial in (1 + g) / (1 + r) with one change of sign, hence one positive root.
    growth = _positive_root([-enterprise, *[cash] * (years - 1), cash * (1 + perpetuity)]) * (1 + discount_rate) - 1
    if growth > _FASTEST_GROWTH:
        raise InputError("Only a growth of more than 1,000% a year would explain this price; check shares and scales.")
    flat = _present_value(discount_rate, [ZERO, *[cash] * (years - 1), cash * (1 + perpetuity)])
    found = shown(growth * HUNDRED, "%")
    return Outcome(
        growth * HUNDRED,
        "%",
        "price × shares + net_debt = Σ CF × ((1 + g) / (1 + discount_rate))^t, t = 1…n, "
        "+ CF × ((1 + g) / (1 + discount_rate))^n × (1 + terminal_growth) / (discount_rate − terminal_growth)",
        f"{operand(price)} × {operand(shares)} + {operand(net_debt)} = {shown(enterprise)} at g ≈ {found}",
        (
            f"enterprise value to explain: {shown(enterprise, unit)}",
            f"cash flow of year {years} at that growth: {shown(cash * (1 + growth) ** years, unit)}",
            f"value without any growth before the terminal one: {shown(flat, unit)}",
        ),
    )


# ---------------------------------------------------------------- a financed computing cluster


def cluster_return(
    investment: Money,
    equity_share: Share,
    debt_rate: Rate,
    debt_years: Whole,
    annual_cash: Money,
    life_years: Whole,
    residual: Money = _NOTHING,
) -> Outcome:
    """Return what a cluster bought with equity and a level-payment loan earns for its owners.

    `annual_cash` is rent received less running costs, before debt service, at the end of each year. Results: equity,
    debt, annual debt service (annuity: debt × r / (1 − (1 + r)^−n)), interest of the first year, DSCR, payback of the
    project and of the equity (cash even within a year), IRR of both. Taxes and depreciation are left out.
    Source: level annuity and DSCR: CFA Institute, "The Time Value of Money in Finance" and "Credit Analysis".
    Raises InputError for a loan that outlives the cluster or nonsense amounts; an IRR that does not exist is left out.
    """
    unit = common_unit(investment=investment, annual_cash=annual_cash, residual=residual)
    positive(investment, "investment", "give what is spent as a positive amount")
    positive(annual_cash, "annual_cash", "a cluster without cash coming in returns nothing")
    not_negative(residual, "residual", "what is left can be worth nothing at least")
    positive(equity_share, "equity_share", "without own money there is no return on it")
    _check_years(life_years, "life_years")
    debt_rate = debt_rate if debt_rate >= 0 else positive(debt_rate, "debt_rate", "lenders are not paid to lend")
    equity, debt = investment.value * equity_share, investment.value * (1 - equity_share)
    service = _annuity(debt, debt_rate, debt_years, life_years)
    cash, ends = annual_cash.value, [ZERO] * (life_years - 1) + [residual.value]
    project = [-investment.value, *(cash + end for end in ends)]
    owners = [-equity, *(cash - (service if t <= debt_years else 0) + end for t, end in enumerate(ends, 1))]
    results: dict[str, Amount | None] = {
        "equity": Amount(equity, unit),
        "debt": Amount(debt, unit),
        "annual_debt_service": Amount(service, unit),
        "first_year_interest": Amount(debt * debt_rate, unit),
        "annual_cash_to_equity": Amount(owners[1] if life_years > 1 else cash - service, unit),
        "dscr": Amount(cash / service, "x") if service else None,
        "project_payback": _years_to_repay(project),
        "equity_payback": _years_to_repay(owners),
        "project_irr": _irr_or_none(project),
        "equity_irr": _irr_or_none(owners),
    }
    found = {name: amount for name, amount in results.items() if amount is not None}
    steps = [f"{name.replace('_', ' ')}: {shown(a.value, a.unit)}" for name, a in found.items()]
    steps += [f"{name.replace('_', ' ')}: none" for name, amount in results.items() if amount is None]
    steps.append("equity cash flows: " + ", ".join(shown(flow) for flow in owners[:31]))
    return Outcome(
        found,
        "",
        "equity = investment × equity_share; service = debt × debt_rate / (1 − (1 + debt_rate)^−debt_years); "
        "DSCR = annual_cash / service; 0 = −equity + Σ (annual_cash − service_t + residual_t) / (1 + IRR)^t",
        f"equity = {operand(investment)} × {operand(percent(equity_share))} = {shown(equity, unit)}; "
        f"service = {shown(debt)} at {operand(percent(debt_rate))} over {debt_years} years ≈ {shown(service, unit)}; "
        f"cash to equity = {operand(annual_cash)} − {shown(service)} ≈ {shown(cash - service, unit)} a year",
        tuple(steps),
    )


def _annuity(debt: Decimal, rate: Decimal, years: int, life: int) -> Decimal:
    """Return the level payment a year that repays a debt; 0 without debt."""
    if not debt:
        return ZERO
    _check_years(years, "debt_years")
    if years > life:
        raise InputError(f"The loan runs {years} years but the cluster only {life}: it can't be served to its end.")
    return debt / years if not rate else debt * rate / (1 - (1 + rate) ** -years)


def _years_to_repay(flows: Sequence[Decimal]) -> Amount | None:
    """Return when the running total last turns from a deficit, with each year's cash coming in evenly."""
    total, repaid = flows[0], None
    for year, flow in enumerate(flows[1:], 1):
        if total < 0 <= total + flow:
            repaid = year - 1 - total / flow
        elif total + flow < 0:
            repaid = None
        total += flow
    return None if repaid is None else Amount(repaid, "years")


def _irr_or_none(flows: Sequence[Decimal]) -> Amount | None:
    try:
        return percent(internal_rate(flows))
    except InputError:
        return None


# ---------------------------------------------------------------- checks


def _check_rate(rate: Decimal, name: str) -> None:
    if rate <= -1:
        raise InputError(f"{name} is {shown(rate * HUNDRED, '%')}; at -100% or less nothing can be discounted.")


def _check_growth(growth: Decimal, rate: Decimal) -> None:
    if growth >= rate:
        raise InputError(
            f"terminal_growth ({shown(growth * HUNDRED, '%')}) is at or above discount_rate "
            f"({shown(rate * HUNDRED, '%')}): the value would be infinite. Nothing outgrows its discount rate for ever."
        )
    if growth <= -1:
        raise InputError(f"terminal_growth is {shown(growth * HUNDRED, '%')}; nothing shrinks by more than everything.")


def _check_years(years: int, name: str) -> None:
    if not 1 <= years <= _MOST_YEARS:
        raise InputError(f"{name} should be between 1 and {_MOST_YEARS}; {years} was given.")


def _brief(steps: list[str]) -> tuple[str, ...]:
    return tuple(steps if len(steps) <= 30 else [*steps[:15], "…", *steps[-14:]])
