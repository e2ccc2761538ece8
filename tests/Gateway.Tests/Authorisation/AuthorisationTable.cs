using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Tests.Authorisation;

/// <summary>Who may call a route.</summary>
internal enum For
{
    /// <summary>Registration, pairing, login and keys: no credential is asked for.</summary>
    Anybody,
    App,
    Partner,
    Processor,
    Operator,
}

/// <summary>
/// A row of what the product promises: written by hand from the contract, never from the gateway's own table, so that the
/// two are held against each other.
/// </summary>
/// <param name="NotTheirs">What somebody hears whose path names what belongs to another; null where the path names nothing that is owned.</param>
internal sealed record Promise(string Method, string Path, For For, string? NotTheirs = null, params Role[] Roles)
{
    /// <summary>Whether an app that shows no approval of its user's is refused.</summary>
    public bool NeedsApproval { get; init; }
}

internal static class AuthorisationTable
{
    private static readonly Role[] _admins = [Role.Admin];
    private static readonly Role[] _managers = [Role.Admin, Role.Manager];
    private static readonly Role[] _everyone = [Role.Admin, Role.Manager, Role.Employee];
    private static readonly Role[] _nobody = [];

    public static readonly IReadOnlyList<Promise> Promises =
    [
        // Keys
        new("GET", "/customers/public-key", For.Anybody),
        new("GET", "/admin/public-key", For.Anybody),
        new("GET", "/secure/public-key", For.Partner),
        new("GET", "/processor/public-key", For.Processor),

        // The app
        new("POST", "/customers", For.Anybody),
        new("POST", "/customers/devices", For.Anybody),
        new("POST", "/customers/sessions/challenge", For.Anybody),
        new("POST", "/customers/sessions", For.Anybody),
        new("DELETE", "/customers/me/session", For.App),
        new("GET", "/customers/me/devices", For.App),
        new("DELETE", "/customers/me/devices/{installationId}", For.App, "DEVICE_NOT_FOUND"),
        new("POST", "/customers/me/approvals", For.App),
        new("GET", "/customers/me", For.App),
        new("PATCH", "/customers/me", For.App),
        new("POST", "/customers/me/balances", For.App),
        new("GET", "/customers/me/balances", For.App),
        new("GET", "/customers/me/balances/{balanceId}", For.App, "BALANCE_NOT_FOUND"),
        new("GET", "/customers/me/balances/{balanceId}/transactions", For.App, "BALANCE_NOT_FOUND"),
        new("POST", "/customers/me/cards/virtual", For.App),
        new("POST", "/customers/me/cards/physical", For.App),
        new("POST", "/customers/me/cards/link", For.App),
        new("POST", "/customers/me/cards/{cardId}/print", For.App, "CARD_NOT_FOUND"),
        new("GET", "/customers/me/cards/orders/{orderId}", For.App, "ORDER_NOT_FOUND"),
        new("GET", "/customers/me/cards", For.App),
        new("GET", "/customers/me/cards/{cardId}", For.App, "CARD_NOT_FOUND") { NeedsApproval = true },
        new("GET", "/customers/me/cards/{cardId}/summary", For.App, "CARD_NOT_FOUND"),
        new("POST", "/customers/me/cards/virtual/async", For.App),
        new("GET", "/customers/me/cards/requests/{requestId}", For.App, "REQUEST_NOT_FOUND"),
        new("DELETE", "/customers/me/cards/{cardId}", For.App, "CARD_NOT_FOUND"),
        new("POST", "/customers/me/cards/{cardId}/activate", For.App, "CARD_NOT_FOUND"),
        new("GET", "/customers/me/cards/{cardId}/controls", For.App, "CARD_NOT_FOUND"),
        new("PUT", "/customers/me/cards/{cardId}/controls", For.App, "CARD_NOT_FOUND"),
        new("POST", "/customers/me/cards/{cardId}/cvv", For.App, "CARD_NOT_FOUND") { NeedsApproval = true },
        new("POST", "/customers/me/cards/{cardId}/pin", For.App, "CARD_NOT_FOUND"),
        new("POST", "/customers/me/cards/{cardId}/lock", For.App, "CARD_NOT_FOUND"),
        new("POST", "/customers/me/cards/{cardId}/unlock", For.App, "CARD_NOT_FOUND"),

        // Partners
        new("POST", "/secure/customers", For.Partner),
        new("GET", "/secure/customers", For.Partner),
        new("GET", "/secure/customers/{customerId}", For.Partner, "USER_NOT_FOUND"),
        new("PATCH", "/secure/customers/{customerId}", For.Partner, "USER_NOT_FOUND"),
        new("DELETE", "/secure/customers/{customerId}", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/lock", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/unlock", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/activation-codes", For.Partner, "USER_NOT_FOUND"),
        new("PUT", "/secure/customers/{customerId}/kyc", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/balances", For.Partner, "USER_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/balances", For.Partner, "EMPTY"),
        new("GET", "/secure/customers/{customerId}/balances/{balanceId}", For.Partner, "BALANCE_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/balances/{balanceId}/reload", For.Partner, "BALANCE_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/balances/{balanceId}/transactions", For.Partner, "BALANCE_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/virtual", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/physical", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/link", For.Partner, "USER_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/{cardId}/print", For.Partner, "CARD_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/cards/orders/{orderId}", For.Partner, "ORDER_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/cards", For.Partner, "EMPTY"),
        new("GET", "/secure/customers/{customerId}/cards/{cardId}", For.Partner, "CARD_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/cards/{cardId}/summary", For.Partner, "CARD_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/virtual/async", For.Partner, "USER_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/cards/requests/{requestId}", For.Partner, "REQUEST_NOT_FOUND"),
        new("DELETE", "/secure/customers/{customerId}/cards/{cardId}", For.Partner, "CARD_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/{cardId}/activate", For.Partner, "CARD_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/{cardId}/renew", For.Partner, "CARD_NOT_FOUND"),
        new("GET", "/secure/customers/{customerId}/cards/{cardId}/controls", For.Partner, "CARD_NOT_FOUND"),
        new("PUT", "/secure/customers/{customerId}/cards/{cardId}/controls", For.Partner, "CARD_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/{cardId}/pin", For.Partner, "CARD_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/{cardId}/lock", For.Partner, "CARD_NOT_FOUND"),
        new("POST", "/secure/customers/{customerId}/cards/{cardId}/unlock", For.Partner, "CARD_NOT_FOUND"),
        new("GET", "/secure/programs", For.Partner),
        new("GET", "/secure/certificates", For.Partner),
        new("GET", "/secure/events", For.Partner),
        new("GET", "/secure/reconciliations", For.Partner),

        // Processors
        new("POST", "/processor/authorizations", For.Processor),
        new("POST", "/processor/authorizations/{authorizationId}/reversals", For.Processor),
        new("POST", "/processor/authorizations/{authorizationId}/increments", For.Processor),
        new("POST", "/processor/reversals", For.Processor),
        new("POST", "/processor/clearings", For.Processor),
        new("POST", "/processor/refunds", For.Processor),
        new("POST", "/processor/cards/lock", For.Processor),
        new("GET", "/processor/personalisations", For.Processor),
        new("GET", "/processor/personalisations/{orderId}/file", For.Processor),
        new("POST", "/processor/personalisations/{orderId}/sent", For.Processor),
        new("POST", "/processor/personalisations/{orderId}/confirm", For.Processor),
        new("POST", "/processor/personalisations/{orderId}/fail", For.Processor),
        new("POST", "/processor/stock", For.Processor),

        // Operators
        new("POST", "/admin/sessions", For.Anybody),
        new("POST", "/admin/sessions/verify", For.Anybody),
        new("POST", "/admin/password", For.Anybody),
        new("POST", "/admin/password/reset", For.Anybody),
        new("DELETE", "/admin/session", For.Operator, Roles: _everyone),
        new("GET", "/admin/operators/me", For.Operator, Roles: _everyone),
        new("GET", "/admin/operators", For.Operator, Roles: _managers),
        new("POST", "/admin/operators", For.Operator, Roles: _managers),
        new("POST", "/admin/operators/{operatorId}/invitation", For.Operator, Roles: _managers),
        new("POST", "/admin/operators/{operatorId}/lock", For.Operator, Roles: _admins),
        new("POST", "/admin/operators/{operatorId}/unlock", For.Operator, Roles: _admins),
        new("PUT", "/admin/operators/{operatorId}/role", For.Operator, Roles: _admins),
        new("GET", "/admin/partners", For.Operator, Roles: _admins),
        new("POST", "/admin/partners", For.Operator, Roles: _admins),
        new("GET", "/admin/partners/{partnerId}", For.Operator, Roles: _admins),
        new("PATCH", "/admin/partners/{partnerId}", For.Operator, Roles: _admins),
        new("PUT", "/admin/partners/{partnerId}/encryption-key", For.Operator, Roles: _admins),
        new("DELETE", "/admin/partners/{partnerId}/encryption-key", For.Operator, Roles: _admins),
        new("GET", "/admin/partners/{partnerId}/certificates", For.Operator, Roles: _admins),
        new("POST", "/admin/partners/{partnerId}/certificates", For.Operator, Roles: _admins),
        new("DELETE", "/admin/partners/{partnerId}/certificates/{serial}", For.Operator, Roles: _admins),
        new("GET", "/admin/programs", For.Operator, Roles: _admins),
        new("POST", "/admin/programs", For.Operator, Roles: _admins),
        new("GET", "/admin/programs/{programId}", For.Operator, Roles: _admins),
        new("PATCH", "/admin/programs/{programId}", For.Operator, Roles: _admins),
        new("GET", "/admin/processors/{processor}/pin-keys", For.Operator, Roles: _admins),
        new("POST", "/admin/processors/{processor}/pin-keys", For.Operator, Roles: _admins),
        new("GET", "/admin/audit", For.Operator, Roles: _managers),
        new("GET", "/admin/vault/rotation", For.Operator, Roles: _admins),
        new("POST", "/admin/vault/rotation", For.Operator, Roles: _admins),
        new("GET", "/admin/customers", For.Operator, Roles: _everyone),
        new("GET", "/admin/customers/{customerId}", For.Operator, Roles: _everyone),
        new("POST", "/admin/customers/{customerId}/lock", For.Operator, Roles: _managers),
        new("POST", "/admin/customers/{customerId}/unlock", For.Operator, Roles: _managers),
        new("POST", "/admin/customers/{customerId}/balances", For.Operator, Roles: _managers),
        new("GET", "/admin/customers/{customerId}/balances", For.Operator, Roles: _everyone),
        new("GET", "/admin/customers/{customerId}/balances/{balanceId}", For.Operator, Roles: _everyone),
        new("GET", "/admin/customers/{customerId}/balances/{balanceId}/transactions", For.Operator, Roles: _everyone),
        new("POST", "/admin/balances/{balanceId}/reload", For.Operator, Roles: _admins),
        new("GET", "/admin/transactions", For.Operator, Roles: _everyone),
        new("GET", "/admin/reconciliations", For.Operator, Roles: _everyone),
        new("POST", "/admin/customers/{customerId}/cards/virtual", For.Operator, Roles: _managers),
        new("POST", "/admin/customers/{customerId}/cards/physical", For.Operator, Roles: _everyone),
        new("POST", "/admin/customers/{customerId}/cards/link", For.Operator, Roles: _everyone),
        new("POST", "/admin/cards/{cardId}/print", For.Operator, Roles: _everyone),
        new("GET", "/admin/customers/{customerId}/cards/orders/{orderId}", For.Operator, Roles: _everyone),
        new("GET", "/admin/cards", For.Operator, Roles: _everyone),
        new("GET", "/admin/cards/{cardId}", For.Operator, Roles: _nobody),
        new("GET", "/admin/cards/{cardId}/summary", For.Operator, Roles: _everyone),
        new("DELETE", "/admin/cards/{cardId}", For.Operator, Roles: _managers),
        new("POST", "/admin/cards/{cardId}/activate", For.Operator, Roles: _everyone),
        new("GET", "/admin/cards/{cardId}/controls", For.Operator, Roles: _everyone),
        new("PUT", "/admin/cards/{cardId}/controls", For.Operator, Roles: _managers),
        new("POST", "/admin/cards/{cardId}/cvv", For.Operator, Roles: _everyone),
        new("POST", "/admin/cards/{cardId}/renew", For.Operator, Roles: _managers),
        new("POST", "/admin/cards/{cardId}/lock", For.Operator, Roles: _everyone),
        new("POST", "/admin/cards/{cardId}/unlock", For.Operator, Roles: _everyone),
    ];
}
