using System.Net.Http.Headers;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>
/// Finds users, newest first: a partner's own, or every partner's for an operator, who may have them as CSV: a page where a
/// limit is named, otherwise everything that matches up to a bound. The header <c>Next</c> tells where a cut-off export goes on.
/// </summary>
internal static class ListUsers
{
    /// <summary>The most rows of an export, all in memory at once.</summary>
    public const int ExportRows = 10_000;

    public const string NextHeader = "Next";

    private const string Csv = "text/csv";

    public static void MapListUsers(this IEndpointRouteBuilder users) =>
        users.MapGet("/", Handle).AdmitsEveryOperator().Produces<Page<User>>().Produces<string>(200, Csv).ProducesProblem(422);

    private static async Task<IResult> Handle(
        string? externalId,
        string? phone,
        string? email,
        Guid? partnerId,
        Guid? programId,
        string? status,
        int? limit,
        string? after,
        Caller caller,
        HttpContext context,
        NpgsqlDataSource database,
        CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var faults = new Faults()
            .Unless(phone is null || UserFields.IsPhone(phone), "phone", "must be an E.164 number; its plus sign is %2B in an address")
            .Unless(status is null || Enum.GetNames<UserStatus>().Contains(status), "status", "must be Active, Locked or Deleted");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var filter = new UserFilter(externalId, phone, UserFields.Normal(email), partnerId, programId, status);
        if (!caller.IsOperator || !WantsCsv(context.Request))
        {
            var users = await database.ListUsers(filter, caller, page.After, page.Rows, cancel);
            return TypedResults.Ok(page.Of(users, PlaceOf, user => user.For(caller)));
        }
        var most = limit ?? ExportRows;
        var exported = await database.ListUsers(filter, caller, page.After, most + 1, cancel);
        if (exported.Count > most)
        {
            context.Response.Headers[NextHeader] = PlaceOf(exported[most - 1]).ToString();
        }
        return TypedResults.Bytes(UserCsv.Write(exported.Take(most)), Csv + "; charset=utf-8", "customers.csv");
    }

    private static Cursor PlaceOf(User user) => new(user.CreatedAt, user.Id);

    private static bool WantsCsv(HttpRequest request) =>
        request.Headers.Accept.SelectMany(accept => accept!.Split(','))
            .Any(accept => MediaTypeWithQualityHeaderValue.TryParse(accept, out var type)
                && string.Equals(type.MediaType, Csv, StringComparison.OrdinalIgnoreCase) && type.Quality is null or > 0);
}
