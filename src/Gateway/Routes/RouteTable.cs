using System.Runtime.CompilerServices;
using Antaca.ServiceDefaults;

[assembly: InternalsVisibleTo("Antaca.Client.Tests")]
[assembly: InternalsVisibleTo("Antaca.Gateway.Tests")]

namespace Antaca.Gateway.Routes;

/// <summary>Whether a route's bodies must travel as JWE.</summary>
internal enum Encryption
{
    /// <summary>The caller may encrypt.</summary>
    Offered,

    /// <summary>Refused without.</summary>
    Required,

    /// <summary>Refused without, and without a registered key: a stolen token must not read a number for a key of the thief's.</summary>
    RequiredForRegisteredKey,
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

/// <summary>Which credential a route's success ends: this gateway forgets it before the answer leaves; the others hear of it.</summary>
internal enum Ends
{
    Nothing,

    /// <summary>The caller's own session.</summary>
    Session,

    /// <summary><c>{installationId}</c> of the path.</summary>
    Installation,

    /// <summary>The sessions of the user the call is about.</summary>
    User,

    /// <summary>The certificate of the path's <c>{serial}</c>.</summary>
    Certificate,

    /// <summary>What is remembered of the path's <c>{partnerId}</c>.</summary>
    Partner,

    /// <summary>The sessions of the path's <c>{operatorId}</c>.</summary>
    Operator,
}

/// <summary>A published route and where it leads.</summary>
/// <param name="Path">As published; <c>{customerId}</c> becomes the caller's user.</param>
/// <param name="ServicePath">The service's own path for it; the names in braces are taken over.</param>
internal sealed record PublishedRoute(Channel Channel, string Method, string Path, string Service, string ServicePath)
{
    public string Id => Method + " " + Path;

    public Encryption Encryption { get; init; }

    public Secrets Secrets { get; init; }

    public Ends Ends { get; init; }

    /// <summary>How long the caller waits for the whole answer, whatever it is; then it is 504. Null where only silence is limited.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>No credential is asked for: registration, pairing, login.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Of <c>/admin</c>: who may. None is a route that refuses every operator.</summary>
    public Role[] Roles { get; init; } = [];
}

/// <summary>Every published route of the suite, once. The services admit the same callers again, each for itself.</summary>
internal static class RouteTable
{
    private const string Me = "/customers/me";
    private const string MyBalance = Me + "/balances/{balanceId:guid}";
    private const string MyCard = Me + "/cards/{cardId:guid}";
    private const string Customer = "/secure/customers/{customerId:guid}";
    private const string Balance = Customer + "/balances/{balanceId:guid}";
    private const string Card = Customer + "/cards/{cardId:guid}";
    private const string AnyCustomer = "/admin/customers/{customerId:guid}";
    private const string AnyBalance = AnyCustomer + "/balances/{balanceId:guid}";
    private const string AnyCard = "/admin/cards/{cardId:guid}";
    private const string Operator = "/admin/operators/{operatorId:guid}";
    private const string Partner = "/admin/partners/{partnerId:guid}";
    private const string PartnerBalance = "/secure/partner-balances/{partnerBalanceId:guid}";
    private const string AnyPartnerBalance = "/admin/partner-balances/{partnerBalanceId:guid}";
    private const string Adjustment = "/admin/adjustments/{adjustmentId:guid}";
    private const string Personalisation = "/processor/personalisations/{orderId:guid}";
    private const string Authorization = "/processor/authorizations/{authorizationId:guid}";
    private const string Program = "/admin/programs/{programId:guid}";

    /// <summary>What a processor waits for the answer to an authorisation.</summary>
    private const int AuthorisationMilliseconds = 1_500;

    private static readonly Role[] _admins = [Role.Admin];
    private static readonly Role[] _managers = [Role.Admin, Role.Manager];
    private static readonly Role[] _everyone = [Role.Admin, Role.Manager, Role.Employee];
    private static readonly Role[] _nobody = [];

    public static readonly IReadOnlyList<PublishedRoute> Routes =
    [
        // The app: registration, devices, sessions
        App("POST", "/customers", "datacore", "/registrations") with { Anonymous = true },
        App("POST", "/customers/devices", "datacore", "/devices") with { Anonymous = true },
        App("POST", "/customers/sessions/challenge", "datacore", "/sessions/challenge") with { Anonymous = true },
        App("POST", "/customers/sessions", "datacore", "/sessions") with { Anonymous = true },
        App("DELETE", Me + "/session", "datacore", "/sessions/mine") with { Ends = Ends.Session },
        App("GET", Me + "/devices", "datacore", "/devices"),
        App("DELETE", Me + "/devices/{installationId:guid}", "datacore", "/devices/{installationId}") with { Ends = Ends.Installation },
        App("POST", Me + "/approvals", "datacore", "/approvals"),

        // The app: the user's own things
        App("GET", Me, "datacore", "/users/me"),
        App("PATCH", Me, "datacore", "/users/me"),
        App("POST", Me + "/balances", "balanceservice", "/balances"),
        App("GET", Me + "/balances", "balanceservice", "/balances"),
        App("GET", MyBalance, "balanceservice", "/balances/{balanceId}"),
        App("GET", MyBalance + "/transactions", "balanceservice", "/balances/{balanceId}/transactions"),
        App("GET", MyBalance + "/transactions/{transactionId:guid}", "balanceservice", "/balances/{balanceId}/transactions/{transactionId}"),
        App("GET", MyBalance + "/statement", "balanceservice", "/balances/{balanceId}/statement"),
        App("POST", MyBalance + "/close", "balanceservice", "/balances/{balanceId}/close"),
        App("POST", Me + "/cards/virtual", "cardservice", "/cards/virtual") with { Encryption = Encryption.RequiredForRegisteredKey, Secrets = Secrets.Outbound },
        App("POST", Me + "/cards/physical", "cardservice", "/cards/physical") with { Encryption = Encryption.Required },
        App("POST", Me + "/cards/link", "cardservice", "/cards/link") with { Encryption = Encryption.Required, Secrets = Secrets.Inbound },
        App("POST", MyCard + "/print", "cardservice", "/cards/{cardId}/print") with { Encryption = Encryption.Required },
        App("GET", Me + "/cards/orders/{orderId:guid}", "cardservice", "/cards/orders/{orderId}"),
        App("GET", Me + "/cards", "cardservice", "/cards"),
        App("GET", MyCard, "cardservice", "/cards/{cardId}") with { Encryption = Encryption.Required, Secrets = Secrets.Outbound },
        App("GET", MyCard + "/summary", "cardservice", "/cards/{cardId}/summary"),
        App("POST", Me + "/cards/virtual/async", "cardservice", "/cards/virtual/async"),
        App("GET", Me + "/cards/requests/{requestId:guid}", "cardservice", "/cards/requests/{requestId}"),
        App("DELETE", MyCard, "cardservice", "/cards/{cardId}"),
        App("POST", MyCard + "/activate", "cardservice", "/cards/{cardId}/activate"),
        App("GET", MyCard + "/controls", "cardservice", "/cards/{cardId}/controls"),
        App("PUT", MyCard + "/controls", "cardservice", "/cards/{cardId}/controls"),
        App("POST", MyCard + "/cvv", "cardservice", "/cards/{cardId}/cvv") with { Encryption = Encryption.Required, Secrets = Secrets.Outbound },
        App("POST", MyCard + "/pin", "cardservice", "/cards/{cardId}/pin") with { Encryption = Encryption.Required, Secrets = Secrets.Inbound },
        App("POST", MyCard + "/lock", "cardservice", "/cards/{cardId}/lock"),
        App("POST", MyCard + "/unlock", "cardservice", "/cards/{cardId}/unlock"),

        // Partners: users and their verification
        Secure("POST", "/secure/customers", "datacore", "/users"),
        Secure("GET", "/secure/customers", "datacore", "/users"),
        Secure("GET", Customer, "datacore", "/users/{customerId}"),
        Secure("PATCH", Customer, "datacore", "/users/{customerId}"),
        Secure("DELETE", Customer, "datacore", "/users/{customerId}") with { Ends = Ends.User },
        Secure("POST", Customer + "/lock", "datacore", "/users/{customerId}/lock") with { Ends = Ends.User },
        Secure("POST", Customer + "/unlock", "datacore", "/users/{customerId}/unlock"),
        Secure("POST", Customer + "/activation-codes", "datacore", "/users/{customerId}/activation-codes"),
        Secure("PUT", Customer + "/kyc", "kycservice", "/kyc"),

        // Partners: balances and money
        Secure("POST", Customer + "/balances", "balanceservice", "/balances"),
        Secure("GET", Customer + "/balances", "balanceservice", "/balances"),
        Secure("GET", Balance, "balanceservice", "/balances/{balanceId}"),
        Secure("POST", Balance + "/reload", "balanceservice", "/balances/{balanceId}/reload"),
        Secure("GET", Balance + "/transactions", "balanceservice", "/balances/{balanceId}/transactions"),
        Secure("GET", Balance + "/transactions/{transactionId:guid}", "balanceservice", "/balances/{balanceId}/transactions/{transactionId}"),
        Secure("GET", Balance + "/transactions/{transactionId:guid}/explanation", "balanceservice", "/balances/{balanceId}/transactions/{transactionId}/explanation"),
        Secure("GET", Balance + "/statement", "balanceservice", "/balances/{balanceId}/statement"),
        Secure("POST", Balance + "/close", "balanceservice", "/balances/{balanceId}/close"),
        Secure("POST", "/secure/partner-balances", "balanceservice", "/partner-balances"),
        Secure("GET", "/secure/partner-balances", "balanceservice", "/partner-balances"),
        Secure("GET", PartnerBalance, "balanceservice", "/partner-balances/{partnerBalanceId}"),
        Secure("PATCH", PartnerBalance, "balanceservice", "/partner-balances/{partnerBalanceId}"),
        Secure("GET", PartnerBalance + "/transactions", "balanceservice", "/partner-balances/{partnerBalanceId}/transactions"),

        // Partners: cards
        Secure("POST", Customer + "/cards/virtual", "cardservice", "/cards/virtual") with { Encryption = Encryption.Required, Secrets = Secrets.Outbound },
        Secure("POST", Customer + "/cards/physical", "cardservice", "/cards/physical") with { Encryption = Encryption.Required },
        Secure("POST", Customer + "/cards/link", "cardservice", "/cards/link") with { Encryption = Encryption.Required, Secrets = Secrets.Inbound },
        Secure("POST", Card + "/print", "cardservice", "/cards/{cardId}/print") with { Encryption = Encryption.Required },
        Secure("GET", Customer + "/cards/orders/{orderId:guid}", "cardservice", "/cards/orders/{orderId}"),
        Secure("GET", Customer + "/cards", "cardservice", "/cards"),
        Secure("GET", Card, "cardservice", "/cards/{cardId}") with { Encryption = Encryption.Required, Secrets = Secrets.Outbound },
        Secure("GET", Card + "/summary", "cardservice", "/cards/{cardId}/summary"),
        Secure("POST", Customer + "/cards/virtual/async", "cardservice", "/cards/virtual/async"),
        Secure("GET", Customer + "/cards/requests/{requestId:guid}", "cardservice", "/cards/requests/{requestId}"),
        Secure("DELETE", Card, "cardservice", "/cards/{cardId}"),
        Secure("POST", Card + "/activate", "cardservice", "/cards/{cardId}/activate"),
        Secure("POST", Card + "/renew", "cardservice", "/cards/{cardId}/renew"),
        Secure("GET", Card + "/controls", "cardservice", "/cards/{cardId}/controls"),
        Secure("PUT", Card + "/controls", "cardservice", "/cards/{cardId}/controls"),
        Secure("POST", Card + "/pin", "cardservice", "/cards/{cardId}/pin") with { Encryption = Encryption.Required, Secrets = Secrets.Inbound },
        Secure("POST", Card + "/lock", "cardservice", "/cards/{cardId}/lock"),
        Secure("POST", Card + "/unlock", "cardservice", "/cards/{cardId}/unlock"),

        // Partners: themselves, and what happened
        Secure("GET", "/secure/programs", "datacore", "/programs"),
        Secure("GET", "/secure/certificates", "datacore", "/certificates"),
        Secure("GET", "/secure/events", "notifications", "/events"),
        Secure("GET", "/secure/reconciliations", "balanceservice", "/reconciliations"),

        // Processors
        Processor("POST", "/processor/authorizations", "cardservice", "/authorizations") with { Secrets = Secrets.Inbound, Deadline = TimeSpan.FromMilliseconds(AuthorisationMilliseconds) },
        Processor("POST", Authorization + "/reversals", "balanceservice", "/authorizations/{authorizationId}/reversals"),
        Processor("POST", Authorization + "/increments", "balanceservice", "/authorizations/{authorizationId}/increments"),
        Processor("POST", "/processor/reversals", "balanceservice", "/reversals"),
        Processor("POST", "/processor/clearings", "balanceservice", "/clearings"),
        Processor("POST", "/processor/refunds", "balanceservice", "/refunds"),
        Processor("POST", "/processor/clearing-files", "balanceservice", "/clearing-files"),
        Processor("GET", "/processor/clearing-files/{fileId:guid}", "balanceservice", "/clearing-files/{fileId}"),

        Processor("POST", "/processor/cards/lock", "cardservice", "/locks") with { Secrets = Secrets.Inbound },

        // Bureaus
        Processor("GET", "/processor/personalisations", "cardservice", "/personalisations"),
        Processor("GET", Personalisation + "/file", "cardservice", "/personalisations/{orderId}/file") with { Encryption = Encryption.Required, Secrets = Secrets.Outbound },
        Processor("POST", Personalisation + "/sent", "cardservice", "/personalisations/{orderId}/sent"),
        Processor("POST", Personalisation + "/confirm", "cardservice", "/personalisations/{orderId}/confirm"),
        Processor("POST", Personalisation + "/fail", "cardservice", "/personalisations/{orderId}/fail"),
        Processor("POST", "/processor/stock", "cardservice", "/stock"),

        // Operators: sessions and each other
        Admin("POST", "/admin/sessions", "datacore", "/operator-sessions", _nobody) with { Anonymous = true },
        Admin("POST", "/admin/sessions/verify", "datacore", "/operator-sessions/verify", _nobody) with { Anonymous = true },
        Admin("POST", "/admin/password", "datacore", "/operator-password", _nobody) with { Anonymous = true },
        Admin("POST", "/admin/password/reset", "datacore", "/operator-password/reset", _nobody) with { Anonymous = true },
        Admin("DELETE", "/admin/session", "datacore", "/operator-sessions/mine", _everyone) with { Ends = Ends.Session },
        Admin("GET", "/admin/operators/me", "datacore", "/operators/me", _everyone),
        Admin("GET", "/admin/operators", "datacore", "/operators", _managers),
        Admin("POST", "/admin/operators", "datacore", "/operators", _managers),
        Admin("POST", Operator + "/invitation", "datacore", "/operators/{operatorId}/invitation", _managers) with { Ends = Ends.Operator },
        Admin("POST", Operator + "/lock", "datacore", "/operators/{operatorId}/lock", _admins) with { Ends = Ends.Operator },
        Admin("POST", Operator + "/unlock", "datacore", "/operators/{operatorId}/unlock", _admins),
        Admin("PUT", Operator + "/role", "datacore", "/operators/{operatorId}/role", _admins) with { Ends = Ends.Operator },

        // Operators: partners and programmes
        Admin("GET", "/admin/partners", "datacore", "/partners", _admins),
        Admin("POST", "/admin/partners", "datacore", "/partners", _admins),
        Admin("GET", Partner, "datacore", "/partners/{partnerId}", _admins),
        Admin("PATCH", Partner, "datacore", "/partners/{partnerId}", _admins) with { Ends = Ends.Partner },
        Admin("PUT", Partner + "/encryption-key", "datacore", "/partners/{partnerId}/encryption-key", _admins) with { Ends = Ends.Partner },
        Admin("DELETE", Partner + "/encryption-key", "datacore", "/partners/{partnerId}/encryption-key", _admins) with { Ends = Ends.Partner },
        Admin("GET", Partner + "/certificates", "datacore", "/partners/{partnerId}/certificates", _admins),
        Admin("POST", Partner + "/certificates", "datacore", "/partners/{partnerId}/certificates", _admins),
        Admin("DELETE", Partner + "/certificates/{serial}", "datacore", "/partners/{partnerId}/certificates/{serial}", _admins) with { Ends = Ends.Certificate },
        Admin("GET", "/admin/programs", "datacore", "/programs", _admins),
        Admin("POST", "/admin/programs", "datacore", "/programs", _admins),
        Admin("GET", Program, "datacore", "/programs/{programId}", _admins),
        Admin("PATCH", Program, "datacore", "/programs/{programId}", _admins),
        Admin("GET", "/admin/processors/{processor}/pin-keys", "datacore", "/processors/{processor}/pin-keys", _admins),
        Admin("POST", "/admin/processors/{processor}/pin-keys", "datacore", "/processors/{processor}/pin-keys", _admins),
        Admin("GET", "/admin/audit", "datacore", "/audit", _managers),
        Admin("GET", "/admin/vault/rotation", "datacore", "/vault/rotation", _admins),
        Admin("POST", "/admin/vault/rotation", "datacore", "/vault/rotation", _admins),

        // Operators: users, their money and their cards
        Admin("GET", "/admin/customers", "datacore", "/users", _everyone),
        Admin("GET", AnyCustomer, "datacore", "/users/{customerId}", _everyone),
        Admin("POST", AnyCustomer + "/lock", "datacore", "/users/{customerId}/lock", _managers) with { Ends = Ends.User },
        Admin("POST", AnyCustomer + "/unlock", "datacore", "/users/{customerId}/unlock", _managers),
        Admin("POST", AnyCustomer + "/balances", "balanceservice", "/balances", _managers),
        Admin("GET", AnyCustomer + "/balances", "balanceservice", "/balances", _everyone),
        Admin("GET", AnyBalance, "balanceservice", "/balances/{balanceId}", _everyone),
        Admin("GET", AnyBalance + "/transactions", "balanceservice", "/balances/{balanceId}/transactions", _everyone),
        Admin("GET", AnyBalance + "/transactions/{transactionId:guid}", "balanceservice", "/balances/{balanceId}/transactions/{transactionId}", _everyone),
        Admin("GET", AnyBalance + "/statement", "balanceservice", "/balances/{balanceId}/statement", _everyone),
        Admin("POST", "/admin/balances/{balanceId:guid}/reload", "balanceservice", "/balances/{balanceId}/reload", _admins),
        Admin("GET", "/admin/balances/summary", "balanceservice", "/balance-summary", _everyone),
        Admin("POST", "/admin/balances/{balanceId:guid}/block", "balanceservice", "/balances/{balanceId}/block", _managers),
        Admin("POST", "/admin/balances/{balanceId:guid}/unblock", "balanceservice", "/balances/{balanceId}/unblock", _managers),
        Admin("POST", "/admin/balances/{balanceId:guid}/close", "balanceservice", "/balances/{balanceId}/close", _managers),
        Admin("POST", "/admin/balances/{balanceId:guid}/adjustments", "balanceservice", "/balances/{balanceId}/adjustments", _managers),
        Admin("GET", "/admin/adjustments", "balanceservice", "/adjustments", _everyone),
        Admin("POST", Adjustment + "/approve", "balanceservice", "/adjustments/{adjustmentId}/approve", _admins),
        Admin("POST", Adjustment + "/reject", "balanceservice", "/adjustments/{adjustmentId}/reject", _admins),
        Admin("POST", Partner + "/balances", "balanceservice", "/partners/{partnerId}/balances", _admins),
        Admin("GET", Partner + "/balances", "balanceservice", "/partners/{partnerId}/balances", _everyone),
        Admin("GET", AnyPartnerBalance, "balanceservice", "/partner-balances/{partnerBalanceId}", _everyone),
        Admin("PATCH", AnyPartnerBalance, "balanceservice", "/partner-balances/{partnerBalanceId}", _admins),
        Admin("GET", AnyPartnerBalance + "/transactions", "balanceservice", "/partner-balances/{partnerBalanceId}/transactions", _everyone),
        Admin("POST", AnyPartnerBalance + "/reload", "balanceservice", "/partner-balances/{partnerBalanceId}/reload", _admins),
        Admin("GET", "/admin/rates", "balanceservice", "/rates", _everyone),
        Admin("POST", "/admin/rates", "balanceservice", "/rates", _admins),
        Admin("GET", "/admin/transactions", "balanceservice", "/transactions", _everyone),
        Admin("GET", "/admin/reconciliations", "balanceservice", "/reconciliations", _everyone),
        Admin("GET", "/admin/transactions/{transactionId:guid}", "balanceservice", "/transactions/{transactionId}", _everyone),
        Admin("GET", "/admin/transactions/{transactionId:guid}/explanation", "balanceservice", "/transactions/{transactionId}/explanation", _everyone),
        Admin("POST", AnyCustomer + "/cards/virtual", "cardservice", "/cards/virtual", _managers) with { Encryption = Encryption.Required },
        Admin("POST", AnyCustomer + "/cards/physical", "cardservice", "/cards/physical", _everyone) with { Encryption = Encryption.Required },
        Admin("POST", AnyCustomer + "/cards/link", "cardservice", "/cards/link", _everyone) with { Encryption = Encryption.Required, Secrets = Secrets.Inbound },
        Admin("POST", AnyCard + "/print", "cardservice", "/cards/{cardId}/print", _everyone) with { Encryption = Encryption.Required },
        Admin("GET", AnyCustomer + "/cards/orders/{orderId:guid}", "cardservice", "/cards/orders/{orderId}", _everyone),
        Admin("GET", "/admin/cards", "cardservice", "/cards", _everyone),
        Admin("GET", AnyCard, "cardservice", "/cards/{cardId}", _nobody) with { Encryption = Encryption.Required },
        Admin("GET", AnyCard + "/summary", "cardservice", "/cards/{cardId}/summary", _everyone),
        Admin("DELETE", AnyCard, "cardservice", "/cards/{cardId}", _managers),
        Admin("POST", AnyCard + "/activate", "cardservice", "/cards/{cardId}/activate", _everyone),
        Admin("GET", AnyCard + "/controls", "cardservice", "/cards/{cardId}/controls", _everyone),
        Admin("PUT", AnyCard + "/controls", "cardservice", "/cards/{cardId}/controls", _managers),
        Admin("POST", AnyCard + "/cvv", "cardservice", "/cards/{cardId}/cvv", _everyone) with { Encryption = Encryption.Required },
        Admin("POST", AnyCard + "/renew", "cardservice", "/cards/{cardId}/renew", _managers),
        Admin("POST", AnyCard + "/lock", "cardservice", "/cards/{cardId}/lock", _everyone),
        Admin("POST", AnyCard + "/unlock", "cardservice", "/cards/{cardId}/unlock", _everyone),
    ];

    private static PublishedRoute App(string method, string path, string service, string servicePath) =>
        new(Channel.Customers, method, path, service, servicePath);

    private static PublishedRoute Secure(string method, string path, string service, string servicePath) =>
        new(Channel.Secure, method, path, service, servicePath);

    private static PublishedRoute Processor(string method, string path, string service, string servicePath) =>
        new(Channel.Processor, method, path, service, servicePath);

    private static PublishedRoute Admin(string method, string path, string service, string servicePath, Role[] roles) =>
        new(Channel.Admin, method, path, service, servicePath) { Roles = roles };
}
