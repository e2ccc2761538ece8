using Antaca.ServiceDefaults;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>
/// Finds users, newest first: a partner's own, or every partner's for an operator, who may have a page as CSV; the header
/// <c>Next-Cursor</c> then has the cursor of the next.
/// </summary>
internal static class ListUsers
{
    public static void MapListUsers(this IEndpointRouteBuilder users) =>
        users.MapGet("/", Handle).AdmitsEveryOperator().Produces<Page<User>>().Produces<string>(200, UserCsv.MediaType).ProducesProblem(422);

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
        var found = await database.ListUsers(filter, caller, page, cancel);
        var users = page.Of(found, user => new Cursor(user.CreatedAt, user.Id), user => user.For(caller));
        if (!caller.IsOperator || !WantsCsv(context.Request))
        {
            return TypedResults.Ok(users);
        }
        if (users.Next is not null)
        {
            context.Response.Headers[UserCsv.NextHeader] = users.Next;
        }
        return TypedResults.Bytes(UserCsv.Write(users.Items), UserCsv.MediaType + "; charset=utf-8");
    }

    private static bool WantsCsv(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        var csv = Quality(accepted, UserCsv.MediaType);
        return csv > 0 && csv >= Quality(accepted, "application/json");
    }

    private static double Quality(IList<MediaTypeHeaderValue> accepted, string mediaType) =>
        accepted.Where(range => range.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)).Max(range => (double?)(range.Quality ?? 1)) ?? 0;
}
