namespace Antaca.Contracts.Requests;

/// <summary>Where a user's verification stands: <c>GET /internal/decisions/{userId}?partnerId=</c>. A user without an application is <c>None</c>.</summary>
/// <param name="Status"><c>None</c>, <c>InProgress</c>, <c>Accepted</c> or <c>Rejected</c>.</param>
public sealed record KycFacts(Guid UserId, string Status);
