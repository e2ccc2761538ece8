using System.Collections.Frozen;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>The user's cards without their secrets, newest first, a page at a time; for operators every user's, or those they ask for.</summary>
internal static class ListCards
{
    private static readonly FrozenSet<string> _statuses = Enum.GetNames<CardStatus>().Where(status => status != nameof(CardStatus.Issuing)).ToFrozenSet();

    public static void MapListCards(this IEndpointRouteBuilder cards) =>
        cards.MapGet("/", Handle).AdmitsEveryOperator()
            .Refuses(CardProblems.UnknownStatus());

    private static async Task<Results<Ok<Page<CardView>>, ProblemHttpResult>> Handle(
        Guid? customerId, string? status, int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        if (status is not null && !_statuses.Contains(status))
        {
            return CardProblems.UnknownStatus();
        }
        var cards = caller.IsOperator
            ? await database.ListAll(customerId, status, page, cancel)
            : await database.List(caller, page, cancel);
        return TypedResults.Ok(page.Of(cards, card => new Cursor(card.CreatedAt, card.Id), card => CardView.Of(card, caller)));
    }
}
