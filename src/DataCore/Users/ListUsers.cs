using System.Globalization;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>
/// Finds users, newest first: a partner's own, or every partner's for an operator, who may have a page as CSV; the header
/// <c>Next-Cursor</c> then has the cursor of the next.
/// </summary>
internal static class ListUsers
{
    private static readonly CsvColumn<User>[] _columns =
    [
        new("id", user => user.Id),
        new("partnerId", user => user.PartnerId),
        new("programId", user => user.ProgramId),
        new("externalId", user => user.ExternalId),
        new("phone", user => user.Phone),
        new("email", user => user.Email),
        new("firstName", user => user.FirstName),
        new("lastName", user => user.LastName),
        new("birthDate", user => user.BirthDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        new("nationality", user => user.Nationality),
        new("street", user => user.Address?.Street),
        new("city", user => user.Address?.City),
        new("postalCode", user => user.Address?.PostalCode),
        new("country", user => user.Address?.Country),
        new("status", user => user.Status),
        new("kycStatus", user => user.KycStatus),
        new("createdAt", user => user.CreatedAt),
    ];

    public static void MapListUsers(this IEndpointRouteBuilder users) =>
        users.MapGet("/", Handle).AdmitsEveryOperator().Produces<Page<User>>().OffersCsv();

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
        return caller.IsOperator && Csv.IsWanted(context.Request) ? Csv.Of(users, _columns) : TypedResults.Ok(users);
    }
}
