using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.KycService.Decisions;

/// <summary>For the neighbours that decide about a user: where the verification stands.</summary>
internal static class GetDecision
{
    public static void MapGetDecision(this IEndpointRouteBuilder decisions) => decisions.MapGet("/{userId:guid}", Handle);

    private static async Task<Ok<KycFacts>> Handle(Guid userId, Guid partnerId, NpgsqlDataSource database, CancellationToken cancel) =>
        TypedResults.Ok(new KycFacts(userId, Told(await database.FindStatus(userId, partnerId, cancel))));

    /// <summary>A draft is not submitted yet: to others it is no verification at all.</summary>
    private static string Told(string? status) => status is null or nameof(KycStatus.Draft) ? nameof(KycStatus.None) : status;
}
