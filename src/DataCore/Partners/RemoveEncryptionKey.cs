using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Takes the registration of a partner's key back: answers are sealed for any key that it sends.</summary>
internal static class RemoveEncryptionKey
{
    public static void MapRemoveEncryptionKey(this IEndpointRouteBuilder partners) =>
        partners.MapDelete("/{partnerId:guid}/encryption-key", Handle).AdmitsOperators(Role.Admin).Refuses(PartnerProblems.NotFound());

    private static Task<Results<Ok<PartnerView>, ProblemHttpResult>> Handle(Guid partnerId, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        SetEncryptionKey.Save(partnerId, key: null, database, clock, cancel);
}
