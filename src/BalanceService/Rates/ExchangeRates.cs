using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Rates;

/// <summary>What a major unit of one currency is worth in another, since when, and who says so.</summary>
internal sealed record ExchangeRate
{
    public required Guid Id { get; init; }
    public required string Base { get; init; }
    public required string Quote { get; init; }
    public required decimal Rate { get; init; }
    public required string Source { get; init; }
    public required DateTimeOffset ValidFrom { get; init; }

    /// <summary>
    /// Minor units of <see cref="Quote"/> for minor units of <see cref="Base"/>, or the other way round, to the nearest, halves away
    /// from zero; null beyond what is counted exactly.
    /// </summary>
    public long? Convert(long amount, string from, string to)
    {
        var rate = from == Base && to == Quote ? Rate : from == Quote && to == Base ? 1 / Rate : throw new ArgumentException($"This is no rate of {from} and {to}.", nameof(from));
        try
        {
            var converted = Math.Round(amount * rate * Scale(to) / Scale(from), MidpointRounding.AwayFromZero);
            return Math.Abs(converted) <= Money.MaxMinorUnits ? (long)converted : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static decimal Scale(string currency) => Currencies.MinorDigits(currency) switch
    {
        0 => 1,
        2 => 100,
        _ => 1_000,
    };
}

/// <summary>The rates in force, remembered for a few seconds.</summary>
internal sealed class ExchangeRates(NpgsqlDataSource database, TimeProvider clock) : IDisposable
{
    public const int GoodForSeconds = 5;

    private const int MaxPairs = 10_000;

    private readonly ShortMemory<(string From, string To), ExchangeRate?> _asked = new(
        (pair, cancel) => database.FindRate(pair.From, pair.To, clock.GetUtcNow(), cancel), clock, GoodForSeconds, MaxPairs);

    /// <summary>The newest rate of the pair, written either way round; null where none is known.</summary>
    public ValueTask<ExchangeRate?> Find(string from, string to, CancellationToken cancel) => _asked.Find((from, to), cancel);

    public void Dispose() => _asked.Dispose();
}

internal static class Converting
{
    /// <summary>The rate that an amount needs to be counted in <paramref name="currency"/>; null where it needs none, or there is none.</summary>
    public static async ValueTask<ExchangeRate?> FindFor(this ExchangeRates rates, Money amount, string currency, CancellationToken cancel) =>
        amount.Currency == currency ? null : await rates.Find(amount.Currency, currency, cancel);

    /// <summary>The amount in minor units of <paramref name="currency"/>; null where that cannot be said.</summary>
    public static long? In(this ExchangeRate? rate, Money amount, string currency) =>
        amount.Currency == currency ? amount.Amount : rate?.Convert(amount.Amount, amount.Currency, currency);
}

internal static class RateStore
{
    public static Task<ExchangeRate?> FindRate(this NpgsqlDataSource database, string from, string to, DateTimeOffset now, CancellationToken cancel) =>
        database.One<ExchangeRate>(
            """
            select id, base, quote, rate, source, valid_from
            from rates
            where (base, quote) in ((@from, @to), (@to, @from)) and valid_from <= @now
            order by valid_from desc, base = @from desc
            limit 1
            """,
            new { from, to, now },
            cancel);

    /// <returns>Null where there is a rate of the pair from that moment on.</returns>
    public static Task<ExchangeRate?> AddRate(
        this Work work, Guid id, string @base, string quote, decimal rate, string source, DateTimeOffset validFrom, DateTimeOffset now) =>
        work.One<ExchangeRate>(
            """
            insert into rates (id, base, quote, rate, source, valid_from, created_at)
            values (@id, @base, @quote, @rate, @source, @validFrom, @now)
            on conflict (base, quote, valid_from) do nothing
            returning id, base, quote, rate, source, valid_from
            """,
            new { id, @base, quote, rate, source, validFrom, now });

    /// <summary>One page, those that begin last first; null for any currency.</summary>
    public static Task<IReadOnlyList<ExchangeRate>> ListRates(this NpgsqlDataSource database, string? @base, string? quote, PageRequest page, CancellationToken cancel) =>
        database.Many<ExchangeRate>(
            """
            select id, base, quote, rate, source, valid_from
            from rates
            where (@base::text is null or base = @base) and (@quote::text is null or quote = @quote) and (valid_from, id) < (@At, @Id)
            order by valid_from desc, id desc
            limit @Rows
            """,
            new { @base, quote, page.After.At, page.After.Id, page.Rows },
            cancel);
}
