using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Installations;
using Antaca.DataCore.Sessions;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>
/// Erases a user who has neither cards nor money left: everything personal is overwritten, sessions and installations end.
/// The same again changes nothing.
/// </summary>
internal static class DeleteUser
{
    public static void MapDeleteUser(this IEndpointRouteBuilder users) =>
        users.MapDelete("/{userId:guid}", Handle)
            .Refuses(UserProblems.NotFound(), UserProblems.HasOpenProducts(1, 1));

    private static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        Guid userId,
        Caller caller,
        [FromKeyedServices("cardservice")] Peer cardService,
        [FromKeyedServices("balanceservice")] Peer balanceService,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (caller.PartnerId is not { } partnerId || await database.FindStatus(userId, partnerId, cancel) is not { } status)
        {
            return UserProblems.NotFound();
        }
        if (status == UserStatus.Deleted)
        {
            return TypedResults.NoContent();
        }

        var askingCards = cardService.Get<OpenCards>($"/internal/users/{userId}/open-cards?partnerId={partnerId}", cancel);
        var askingBalances = balanceService.Get<OpenBalances>($"/internal/users/{userId}/open-balances?partnerId={partnerId}", cancel);
        await Task.WhenAll(askingCards, askingBalances);
        var cards = (await askingCards).Value ?? throw new PeerUnreachableException("cardservice", "does not count cards", null);
        var balances = (await askingBalances).Value ?? throw new PeerUnreachableException("balanceservice", "does not count balances", null);
        if (cards.Count > 0 || balances.Count > 0)
        {
            return UserProblems.HasOpenProducts(cards.Count, balances.Count);
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindUserForChange(userId, caller) is not { } user)
        {
            // Deleted meanwhile.
            return TypedResults.NoContent();
        }
        await work.Erase(user.Id, now);
        await work.EndSessionsOfUser(user.Id, "UserDeleted", now);
        await work.EndInstallations(user.Id, now);
        await work.EndActivationCodes(user.Id, now);
        work.Owe(new UserDeleted(partnerId, user.Id, now));
        await work.Commit();
        return TypedResults.NoContent();
    }
}
