using System.Buffers.Binary;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Statements;

/// <summary>A page of a statement on the wire. Amounts are minor units of its currency.</summary>
/// <param name="TimeZone">IANA name of the zone whose month it is.</param>
/// <param name="OpeningBalance">What was posted before the month; the same on every page.</param>
/// <param name="ClosingBalance">What is posted at the end of the month, or by now; the same on every page.</param>
/// <param name="Next">The cursor to ask for the next page with; null on the last.</param>
internal sealed record StatementView(
    Guid BalanceId, string Currency, string Month, string TimeZone, long OpeningBalance, long ClosingBalance, IReadOnlyList<StatementLine> Lines, string? Next)
{
    /// <param name="rows">One at least; without a line where the page has none.</param>
    public static StatementView Of(Account balance, StatementMonth month, PageRequest page, IReadOnlyList<StatementRow> rows)
    {
        var lines = page.Of([.. rows.Where(row => row.Position is not null)], row => StatementStore.PlaceOf(row), StatementLine.Of);
        return new(balance.Id, balance.Currency, month.Name, month.TimeZone, rows[0].Opening, rows[0].Closing, lines.Items, lines.Next);
    }
}

/// <summary>A movement of posted money.</summary>
/// <param name="OperationId">The step of the transaction's history that moved it; null where the transaction itself did.</param>
/// <param name="Amount">Positive: the balance got it.</param>
/// <param name="BalanceAfter">What was posted after it.</param>
/// <param name="Merchant">Of what a card paid or got back.</param>
/// <param name="Reference">Of a reload: the partner's own words.</param>
internal sealed record StatementLine(
    Guid TransactionId, Guid? OperationId, TransactionType Type, DateTimeOffset PostedAt, long Amount, long BalanceAfter, MerchantView? Merchant, string? Reference)
{
    public static StatementLine Of(StatementRow row) => new(
        row.TransactionId!.Value,
        row.OperationId,
        row.Type!.Value,
        row.PostedAt!.Value,
        row.Amount!.Value,
        row.BalanceAfter!.Value,
        row.MerchantMid is null ? null : new MerchantView(row.MerchantMid, row.MerchantName!, row.MerchantMcc!, row.MerchantCountry!),
        row.Reference);
}

/// <summary>A line beside the sums of its statement; the sums alone where there is no line.</summary>
internal sealed record StatementRow
{
    public required long Opening { get; init; }
    public required long Closing { get; init; }
    public long? Position { get; init; }
    public Guid? TransactionId { get; init; }
    public Guid? OperationId { get; init; }
    public TransactionType? Type { get; init; }
    public DateTimeOffset? PostedAt { get; init; }
    public long? Amount { get; init; }
    public long? BalanceAfter { get; init; }
    public string? MerchantMid { get; init; }
    public string? MerchantName { get; init; }
    public string? MerchantMcc { get; init; }
    public string? MerchantCountry { get; init; }
    public string? Reference { get; init; }
}

internal static class StatementStore
{
    // Entries of one account are found in the order of the journal, which is nearly, and no more, that of time: all of them are
    // read, and put in order here. A limit keeps the look-up of each transaction of its own: joined, it would be planned for
    // the tables as they were.
    internal const string Statement =
        """
        with moved as (
            select position, transaction_id, operation_id, amount, posted_at, (sum(amount) over (order by posted_at, position))::bigint as balance_after
            from entries
            where account_id = @balanceId and partner_id = @partnerId and posted_at < @To
        ),
        totals as (
            select coalesce(sum(amount) filter (where posted_at < @From), 0)::bigint as opening, coalesce(sum(amount), 0)::bigint as closing
            from moved
        ),
        lines as (
            select position, transaction_id, operation_id, amount, posted_at, balance_after
            from moved
            where posted_at >= @From and (posted_at, position) > (@at, @position)
            order by posted_at, position
            limit @rows
        )
        select totals.opening, totals.closing, lines.position, lines.transaction_id, lines.operation_id, lines.amount, lines.posted_at, lines.balance_after,
            transaction.type, transaction.reference, transaction.merchant_mid, transaction.merchant_name, transaction.merchant_mcc, transaction.merchant_country
        from totals
        left join lines on true
        left join lateral (
            select type, reference, merchant_mid, merchant_name, merchant_mcc, merchant_country
            from transactions
            where id = lines.transaction_id
            limit 1
        ) as transaction on true
        order by lines.posted_at, lines.position
        """;

    private const int PlaceBytes = 16;

    /// <summary>The sums of a balance's month and a page of its lines, as of one moment.</summary>
    /// <param name="after">The last line of the page before; null for the first page.</param>
    public static Task<IReadOnlyList<StatementRow>> ReadStatement(
        this NpgsqlDataSource database, Account balance, StatementMonth month, Cursor? after, int rows, CancellationToken cancel) =>
        database.Many<StatementRow>(
            Statement,
            new
            {
                balanceId = balance.Id,
                partnerId = balance.PartnerId,
                month.From,
                month.To,
                at = after?.At ?? DateTimeOffset.MinValue,
                position = after is { } place ? PositionOf(place) : 0,
                rows,
            },
            cancel);

    public static Cursor PlaceOf(StatementRow row)
    {
        Span<byte> bytes = stackalloc byte[PlaceBytes];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes[sizeof(long)..], row.Position!.Value);
        return new Cursor(row.PostedAt!.Value, new Guid(bytes, bigEndian: true));
    }

    private static long PositionOf(Cursor place)
    {
        Span<byte> bytes = stackalloc byte[PlaceBytes];
        place.Id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt64BigEndian(bytes[sizeof(long)..]);
    }
}
