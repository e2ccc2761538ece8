using System.Globalization;
using System.Text.Json.Serialization;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Rates;

/// <summary>
/// Says what a major unit of one currency is worth in another from a moment on. A rate is never changed: a newer one follows. It
/// holds for what is authorised up to five seconds later.
/// </summary>
internal static class AddRate
{
    /// <summary>How far back a rate may begin: what was decided before is not decided again.</summary>
    public const int MaxMinutesBack = 5;

    public const int MaxFractionDigits = 10;

    private const decimal RateLimit = 10_000_000_000;
    private const int MaxSourceLength = 64;

    /// <param name="Base">ISO 4217.</param>
    /// <param name="Quote">ISO 4217.</param>
    /// <param name="Rate">What one major unit of the base is worth, in major units of the quote: a number or its text, at most 10 fraction digits.</param>
    /// <param name="Source">Who says so.</param>
    /// <param name="ValidFrom">Absent for now.</param>
    internal sealed record Request(
        string Base,
        string Quote,
        [property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] decimal Rate,
        string Source,
        DateTimeOffset? ValidFrom = null);

    public static void MapAddRate(this IEndpointRouteBuilder rates) =>
        rates.MapPost("/", Handle).AdmitsOperators(Role.Admin)
            .Example(new Request("EUR", "PLN", 4.2537m, "NBP A/230")).Produces<RateView>(201)
            .Refuses(RateProblems.Exists());

    private static async Task<IResult> Handle(Request request, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var faults = new Faults()
            .Unless(Currencies.Known(request.Base), "base", "is not an active ISO 4217 currency")
            .Unless(Currencies.Known(request.Quote), "quote", "is not an active ISO 4217 currency")
            .Unless(request.Base != request.Quote, "quote", "must be another currency than the base")
            .Unless(request.Rate is > 0 and < RateLimit, "rate", $"must be more than zero and less than {RateLimit.ToString(CultureInfo.InvariantCulture)}")
            .Unless(request.Rate.Scale <= MaxFractionDigits, "rate", $"must have at most {MaxFractionDigits} fraction digits")
            .Unless(request.ValidFrom is null || request.ValidFrom >= now.AddMinutes(-MaxMinutesBack), "validFrom", $"must not be more than {MaxMinutesBack} minutes ago")
            .UnlessLine(request.Source, "source", MaxSourceLength);
        if (faults.Any)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var rate = await work.AddRate(Guid.CreateVersion7(now), request.Base, request.Quote, request.Rate, request.Source, request.ValidFrom ?? now, now);
        if (rate is null)
        {
            return RateProblems.Exists();
        }
        Work.Audit(subject: $"rate:{rate.Id}");
        return await work.Answer(once, StatusCodes.Status201Created, RateView.Of(rate));
    }
}
