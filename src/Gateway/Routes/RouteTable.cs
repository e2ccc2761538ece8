using System.Runtime.CompilerServices;
using Antaca.ServiceDefaults;

[assembly: InternalsVisibleTo("Antaca.Gateway.Tests")]

namespace Antaca.Gateway.Routes;

/// <summary>Whether a route's bodies must travel as JWE.</summary>
internal enum Encryption
{
    /// <summary>The caller may encrypt.</summary>
    Offered,

    /// <summary>Refused without.</summary>
    Required,
}

/// <summary>Which card secrets a route's bodies carry.</summary>
[Flags]
internal enum Secrets
{
    None = 0,

    /// <summary>Swapped for one-time references before the request goes on.</summary>
    Inbound = 1,

    /// <summary>Resolved from one-time references before the answer is sealed.</summary>
    Outbound = 2,
}

/// <summary>A published route and where it leads.</summary>
/// <param name="Path">As published; <c>{customerId}</c> becomes the caller's user.</param>
/// <param name="ServicePath">The service's own path for it; the names in braces are taken over.</param>
internal sealed record PublishedRoute(
    Channel Channel, string Method, string Path, string Service, string ServicePath, Encryption Encryption = Encryption.Offered, Secrets Secrets = Secrets.None)
{
    public string Id => Method + " " + Path;
}

/// <summary>Every published route of the suite, once.</summary>
internal static class RouteTable
{
    private const string Customer = "/secure/customers/{customerId:guid}";
    private const string Balance = Customer + "/balances/{balanceId:guid}";
    private const string Card = Customer + "/cards/{cardId:guid}";

    public static readonly IReadOnlyList<PublishedRoute> Routes =
    [
        // Users and their verification
        new(Channel.Secure, "POST", "/secure/customers", "datacore", "/users"),
        new(Channel.Secure, "GET", Customer, "datacore", "/users/{customerId}"),
        new(Channel.Secure, "PUT", Customer + "/kyc", "kycservice", "/kyc"),

        // Balances and money
        new(Channel.Secure, "POST", Customer + "/balances", "balanceservice", "/balances"),
        new(Channel.Secure, "GET", Customer + "/balances", "balanceservice", "/balances"),
        new(Channel.Secure, "GET", Balance, "balanceservice", "/balances/{balanceId}"),
        new(Channel.Secure, "POST", Balance + "/reload", "balanceservice", "/balances/{balanceId}/reload"),
        new(Channel.Secure, "GET", Balance + "/transactions", "balanceservice", "/balances/{balanceId}/transactions"),

        // Cards
        new(Channel.Secure, "POST", Customer + "/cards/virtual", "cardservice", "/cards/virtual", Encryption.Required, Secrets.Outbound),
        new(Channel.Secure, "GET", Customer + "/cards", "cardservice", "/cards"),
        new(Channel.Secure, "GET", Card, "cardservice", "/cards/{cardId}", Encryption.Required, Secrets.Outbound),
        new(Channel.Secure, "GET", Card + "/summary", "cardservice", "/cards/{cardId}/summary"),
        new(Channel.Secure, "POST", Card + "/lock", "cardservice", "/cards/{cardId}/lock"),
        new(Channel.Secure, "POST", Card + "/unlock", "cardservice", "/cards/{cardId}/unlock"),

        // What happened
        new(Channel.Secure, "GET", "/secure/events", "notifications", "/events"),

        // Processors
        new(Channel.Processor, "POST", "/processor/authorizations", "cardservice", "/authorizations", Secrets: Secrets.Inbound),
    ];
}
