using System.Globalization;
using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Statements;

/// <summary>
/// The statement of a balance for a month: each movement of posted money, the oldest first, between what there was and what was left.
/// What is only held is not in it. As JSON or as text for a spreadsheet.
/// </summary>
internal static class GetStatement
{
    public const string OpeningHeader = "Opening-Balance";
    public const string ClosingHeader = "Closing-Balance";

    private static readonly CsvColumn<StatementLine>[] _columns =
    [
        new("transactionId", line => line.TransactionId),
        new("operationId", line => line.OperationId),
        new("type", line => line.Type),
        new("postedAt", line => line.PostedAt),
        new("amount", line => line.Amount),
        new("balanceAfter", line => line.BalanceAfter),
        new("merchantMid", line => line.Merchant?.Mid),
        new("merchantName", line => line.Merchant?.Name),
        new("merchantMcc", line => line.Merchant?.Mcc),
        new("merchantCountry", line => line.Merchant?.Country),
        new("reference", line => line.Reference),
    ];

    public static void MapGetStatement(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{balanceId:guid}/statement", Handle).AdmitsEveryOperator()
            .Produces<StatementView>().Produces<string>(200, Csv.MediaType)
            .Refuses(BalanceProblems.NotFound(), StatementProblems.HeldByPartner());

    private static async Task<IResult> Handle(
        Guid balanceId,
        string? month,
        string? timeZone,
        int? limit,
        string? after,
        HttpContext context,
        Caller caller,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (!StatementMonth.TryRead(month, timeZone, clock.GetUtcNow(), out var asked, out var refusal) || !PageRequest.TryRead(limit, after, out var page, out refusal))
        {
            return refusal;
        }
        var balance = await database.FindBalance(balanceId, caller, cancel);
        if (balance is null)
        {
            return BalanceProblems.NotFound();
        }
        if (balance.Holder == BalanceHolder.Partner)
        {
            return StatementProblems.HeldByPartner();
        }

        var statement = StatementView.Of(balance, asked, page, await database.ReadStatement(balance, asked, after is null ? null : page.After, page.Rows, cancel));
        if (!Csv.IsWanted(context.Request))
        {
            return TypedResults.Ok(statement);
        }
        context.Response.Headers[OpeningHeader] = statement.OpeningBalance.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers[ClosingHeader] = statement.ClosingBalance.ToString(CultureInfo.InvariantCulture);
        return Csv.Of(new Page<StatementLine>(statement.Lines, statement.Next), _columns);
    }
}
