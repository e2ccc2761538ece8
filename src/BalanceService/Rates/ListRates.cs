using System.Globalization;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Rates;

/// <summary>Lists exchange rates, those that begin last first: of all pairs, of one currency, or of one pair as it was written.</summary>
internal static class ListRates
{
    public static void MapListRates(this IEndpointRouteBuilder rates) => rates.MapGet("/", Handle).AdmitsEveryOperator();

    private static async Task<Results<Ok<Page<RateView>>, ProblemHttpResult>> Handle(
        string? @base, string? quote, int? limit, string? after, NpgsqlDataSource database, CancellationToken cancel)
    {
        var faults = new Faults()
            .Unless(@base is null || Currencies.Known(@base), "base", "is not an active ISO 4217 currency")
            .Unless(quote is null || Currencies.Known(quote), "quote", "is not an active ISO 4217 currency");
        if (faults.Any)
        {
            return faults.Problem();
        }
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var rates = await database.ListRates(@base, quote, page, cancel);
        return TypedResults.Ok(page.Of(rates, rate => new Cursor(rate.ValidFrom, rate.Id), RateView.Of));
    }
}

/// <summary>An exchange rate on the wire.</summary>
/// <param name="Rate">What one major unit of the base is worth, in major units of the quote: the text of a decimal number, exact.</param>
/// <param name="Source">Who says so.</param>
/// <param name="ValidFrom">It holds until another of the pair begins.</param>
internal sealed record RateView(Guid Id, string Base, string Quote, string Rate, string Source, DateTimeOffset ValidFrom)
{
    public static RateView Of(ExchangeRate rate) =>
        new(rate.Id, rate.Base, rate.Quote, rate.Rate.ToString("0.##########", CultureInfo.InvariantCulture), rate.Source, rate.ValidFrom);
}
