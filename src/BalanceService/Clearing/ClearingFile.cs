using System.Globalization;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using CsvHelper;
using CsvHelper.Configuration;

namespace Antaca.BalanceService.Clearing;

internal enum ClearingOutcomeKind
{
    /// <summary>It belongs to an authorisation, and took what that held; or was posted before.</summary>
    Matched,

    /// <summary>It belongs to an authorisation, and took another amount.</summary>
    Differing,

    /// <summary>No authorisation was found. It was posted all the same.</summary>
    Unmatched,

    /// <summary>It was not posted.</summary>
    Refused,
}

/// <summary>A record of a file, with what became of it.</summary>
internal record ClearingLine
{
    public required int Line { get; init; }

    /// <summary><c>Clearing</c> or <c>Refund</c>.</summary>
    public required string Kind { get; init; }

    public required string TransactionId { get; init; }
    public string? AuthorizationTransactionId { get; init; }
    public required Guid CardId { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public long? OriginalAmount { get; init; }
    public string? OriginalCurrency { get; init; }
    public required bool Final { get; init; }
    public required string MerchantMid { get; init; }
    public required string MerchantName { get; init; }
    public required string MerchantMcc { get; init; }
    public required string MerchantCountry { get; init; }
    public string? Outcome { get; init; }
    public string? Rule { get; init; }
    public string? Detail { get; init; }
    public Guid? PostedTo { get; init; }
    public long? Difference { get; init; }

    public ClearingRecord Record(Guid? authorizationId) => new(
        TransactionId,
        CardId,
        Money.Of(Amount, Currency),
        new MerchantView(MerchantMid, MerchantName, MerchantMcc, MerchantCountry),
        authorizationId,
        OriginalAmount is { } original ? Money.Of(original, OriginalCurrency!) : null,
        Final);
}

/// <summary>The text of a clearing file: RFC 4180, UTF-8, a header line that names the columns, in any order.</summary>
internal static class ClearingFile
{
    public const int MaxRecords = 5_000;
    public const int MaxFaults = 20;

    private static readonly string[] _required = ["transactionId", "cardId", "amount", "currency", "merchantMid", "merchantName", "merchantMcc", "merchantCountry"];
    private static readonly string[] _optional = ["kind", "authorizationTransactionId", "originalAmount", "originalCurrency", "final"];

    /// <returns>The records, or what is wrong, line by line.</returns>
    public static (IReadOnlyList<ClearingLine> Lines, Dictionary<string, string[]> Faults) Read(string text)
    {
        var lines = new List<ClearingLine>();
        var faults = new Dictionary<string, string[]>(StringComparer.Ordinal);
        using var csv = new CsvReader(new StringReader(text), new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = null, MissingFieldFound = null, TrimOptions = TrimOptions.None });
        if (!csv.Read() || !csv.ReadHeader())
        {
            faults["csv"] = ["must begin with a line that names the columns"];
            return (lines, faults);
        }
        var header = csv.HeaderRecord!;
        foreach (var missing in _required.Except(header))
        {
            faults[missing] = ["is not among the columns"];
        }
        foreach (var unknown in header.Except(_required).Except(_optional))
        {
            faults[unknown.Length is 0 or > 64 ? "csv" : unknown] = ["is not a column of clearing files"];
        }
        var seen = new HashSet<(string, string)>();
        while (faults.Count < MaxFaults && csv.Read())
        {
            if (lines.Count == MaxRecords)
            {
                faults["csv"] = [$"must have no more than {MaxRecords} records"];
                break;
            }
            var number = lines.Count + 1;
            var wrong = LineOf(csv, number, header.Length, out var line);
            if (wrong.Count == 0 && !seen.Add((line!.Kind, line.TransactionId)))
            {
                wrong.Add("transactionId is that of a record above");
            }
            if (wrong.Count > 0)
            {
                faults[$"record {number}"] = [.. wrong];
            }
            lines.Add(line ?? new ClearingLine
            {
                Line = number,
                Kind = "",
                TransactionId = "",
                CardId = default,
                Amount = 0,
                Currency = "",
                Final = true,
                MerchantMid = "",
                MerchantName = "",
                MerchantMcc = "",
                MerchantCountry = "",
            });
        }
        if (lines.Count == 0 && faults.Count == 0)
        {
            faults["csv"] = ["has no records"];
        }
        return (lines, faults);
    }

    private static List<string> LineOf(CsvReader csv, int number, int columns, out ClearingLine? line)
    {
        line = null;
        var wrong = new List<string>();
        if (csv.Parser.Count != columns)
        {
            wrong.Add($"has {csv.Parser.Count} fields where the first line has {columns}");
            return wrong;
        }
        var kind = Optional("kind") ?? "Clearing";
        var currency = Text("currency");
        var original = Optional("originalAmount");
        var originalCurrency = Optional("originalCurrency");
        var final = Optional("final") ?? "true";
        var known = Guid.TryParseExact(Text("cardId"), "D", out var cardId);
        var counted = long.TryParse(Text("amount"), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) && Money.TryCreate(amount, currency, out _);
        long originalAmount = 0;
        var originallyCounted = original is null || (long.TryParse(original, NumberStyles.None, CultureInfo.InvariantCulture, out originalAmount) && originalAmount > 0 && Money.TryCreate(originalAmount, originalCurrency, out _));
        Unless(kind is "Clearing" or "Refund", "kind must be Clearing or Refund");
        Unless(known, "cardId must be an id");
        Unless(counted, "amount and currency must be minor units of an ISO 4217 currency");
        Unless(original is null == originalCurrency is null && originallyCounted, "originalAmount goes with originalCurrency, both like amount and currency");
        Unless(final is "true" or "false", "final must be true or false");
        if (wrong.Count > 0)
        {
            return wrong;
        }
        line = new ClearingLine
        {
            Line = number,
            Kind = kind,
            TransactionId = Text("transactionId"),
            AuthorizationTransactionId = Optional("authorizationTransactionId"),
            CardId = cardId,
            Amount = amount,
            Currency = currency,
            OriginalAmount = original is null ? null : originalAmount,
            OriginalCurrency = originalCurrency,
            Final = final == "true",
            MerchantMid = Text("merchantMid"),
            MerchantName = Text("merchantName"),
            MerchantMcc = Text("merchantMcc"),
            MerchantCountry = Text("merchantCountry"),
        };
        var faults = ClearTransaction.FaultsOf(line.Record(null));
        if (line.AuthorizationTransactionId is { } authorisation)
        {
            faults.UnlessLine(authorisation, "authorizationTransactionId", Holds.AuthorisationProblems.MaxTransactionIdLength);
        }
        wrong.AddRange(faults.All.Select(fault => $"{fault.Field} {fault.Fault}"));
        return wrong;

        string Text(string column) => csv.TryGetField<string>(column, out var value) ? value ?? "" : "";

        string? Optional(string column) => csv.TryGetField<string>(column, out var value) && value is { Length: > 0 } ? value : null;

        void Unless(bool right, string fault)
        {
            if (!right)
            {
                wrong.Add(fault);
            }
        }
    }
}
