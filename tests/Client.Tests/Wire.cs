namespace Antaca.Client.Tests;

/// <summary>Answers as the contract words them.</summary>
internal static class Wire
{
    public static readonly Guid UserId = new("01930000-0000-7000-8000-000000000001");
    public static readonly Guid BalanceId = new("01930000-0000-7000-8000-000000000002");
    public static readonly Guid CardId = new("01930000-0000-7000-8000-000000000003");

    public static readonly string User = $$"""
        {"id":"{{UserId}}","programId":"{{CardId}}","externalId":"x-1","phone":"+48600100200","email":"a@example.com","firstName":"Anna",
         "lastName":"Nowak","birthDate":"1990-05-17","nationality":"PL","address":{"street":"Prosta 1","city":"Warszawa","postalCode":"00-001","country":"PL"},
         "status":"Active","kycStatus":"None","createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Card = $$"""
        {"id":"{{CardId}}","type":"Virtual","status":"Locked","maskedCardNo":"510510******5100","exp":"2029-11-30","cardholderName":"Anna Nowak",
         "balanceId":"{{BalanceId}}","activationDate":"2026-03-01","lock":{"code":1,"reason":"Card lost","irreversible":true,"source":"Partner","lockedAt":"2026-03-01T12:00:00Z"},
         "pin":{"set":false,"triesLeft":0},"createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Balance = $$"""
        {"id":"{{BalanceId}}","customerId":"{{UserId}}","currency":"PLN","state":"Open","holder":"Platform","amount":50000,"held":12500,"available":37500,
         "createdAt":"2026-03-01T12:00:00Z","cards":[{{Card}}]}
        """;

    public static readonly string Transaction = $$"""
        {"id":"{{CardId}}","balanceId":"{{BalanceId}}","cardId":null,"type":"Reload","status":"Cleared","amount":{"amount":50000,"currency":"PLN"},"merchant":null,
         "authorizedAt":"2026-03-01T12:00:00Z","clearedAt":"2026-03-01T12:00:00Z","actionCode":null,"reason":null,"reference":"first"}
        """;

    public static readonly string History = $$"""
        {"id":"{{CardId}}","balanceId":"{{BalanceId}}","cardId":"{{CardId}}","type":"Purchase","status":"Authorized","amount":{"amount":300,"currency":"PLN"},
         "merchant":{"mid":"M-1","name":"Żabka 7","mcc":"5411","country":"DE"},"authorizedAt":"2026-03-01T12:00:00Z","clearedAt":null,"actionCode":"0000","reason":"APPROVED",
         "reference":null,"originalAmount":{"amount":100,"currency":"EUR"},"authorizedAmount":{"amount":400,"currency":"PLN"},"held":{"amount":300,"currency":"PLN"},
         "clearedAmount":{"amount":0,"currency":"PLN"},"refundedAmount":{"amount":0,"currency":"PLN"},"expiresAt":"2026-03-08T12:00:00Z",
         "exchangeRate":{"rate":4.25,"base":"EUR","quote":"PLN","source":"NBP","validFrom":"2026-03-01T00:00:00Z"},
         "history":[{"operationId":"{{UserId}}","kind":"Reversal","amount":{"amount":100,"currency":"PLN"},"held":{"amount":-100,"currency":"PLN"},"reason":null,"at":"2026-03-01T13:00:00Z"}],
         "customerId":"{{UserId}}","entries":[{"accountKind":"User","amount":{"amount":-100,"currency":"PLN"},"operationId":null}]}
        """;

    public static readonly string Explanation = """
        {"actionCode":"1000","reason":"SPEND_LIMIT_EXCEEDED","rule":"card.amount.day",
         "inputs":{"card":null,"state":"Open","amount":400,"available":5000,"backingAvailable":null,"partial":false,
                   "limits":[{"rule":"card.amount.day","amount":1000,"uses":null,"spent":700,"used":2}]},
         "replayed":{"actionCode":"1000","reason":"SPEND_LIMIT_EXCEEDED","rule":"card.amount.day"},"agrees":true}
        """;

    public static readonly string Statement = $$"""
        {"balanceId":"{{BalanceId}}","currency":"PLN","month":"2026-11","timeZone":"Europe/Warsaw","openingBalance":1000,"closingBalance":900,
         "lines":[{"transactionId":"{{CardId}}","operationId":"{{UserId}}","type":"Purchase","postedAt":"2026-11-02T12:00:00Z","amount":-100,"balanceAfter":900,
                   "merchant":{"mid":"M-1","name":"Żabka 7","mcc":"5411","country":"PL"},"reference":null}],"next":"y"}
        """;

    public static readonly string Issued = $$"""
        {"id":"{{CardId}}","type":"Virtual","cardNo":"5105105105105100","cvv":"123","exp":"2029-11-30","balanceId":"{{BalanceId}}","status":"Active"}
        """;

    public static readonly string Secrets = $$"""
        {"id":"{{CardId}}","type":"Virtual","cvv":"123","cardNo":"5105105105105100","exp":"2029-11-30"}
        """;

    public static readonly string Plastic = $$"""
        {"id":"{{CardId}}","type":"DigitalFirst","status":"Inactive","maskedCardNo":"510510******5100","exp":"2029-11-30","cardholderName":null,
         "balanceId":"{{BalanceId}}","activationDate":null,"lock":null,"pin":{"set":true,"triesLeft":2},"replacedBy":"{{UserId}}","createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Controls = """
        {"user":{"limits":[{"window":"Month","amount":200000,"uses":null},{"window":"Eon","amount":null,"uses":2}],"channels":{"pos":true,"contactless":true,"atm":false,"ecommerce":true},
         "mcc":{"allow":null,"deny":["7995"]},"countries":null,"merchants":{"allow":["M1"]} },"issuer":null}
        """;

    public static readonly SpendControls SpendControls = new()
    {
        Limits = [new SpendLimit(SpendWindow.Month, Amount: 200_000), new SpendLimit(SpendWindow.Day, Uses: 20)],
        Channels = new ChannelControls(Atm: false),
        Countries = new CodeControls(Allow: ["PL", "DE"]),
        Merchants = new MerchantControls(["M1"]),
    };

    public static readonly string SpendControlsBody =
        """{"limits":[{"window":"Month","amount":200000},{"window":"Day","uses":20}],"channels":{"pos":true,"contactless":true,"atm":false,"ecommerce":true},"""
        + "\"countries\":{\"allow\":[\"PL\",\"DE\"]},\"merchants\":{\"allow\":[\"M1\"]}}";

    public static readonly string OrderTaken = $$"""{"orderId":"{{UserId}}","cardId":"{{CardId}}","status":"Ordered"}""";

    public static readonly string Order = $$"""
        {"orderId":"{{UserId}}","cardId":"{{CardId}}","status":"Failed","reason":"Damaged","orderedAt":"2026-03-01T12:00:00Z","sentAt":null,"finishedAt":"2026-03-02T12:00:00Z"}
        """;

    public static readonly string Pending = $$"""{"requestId":"{{UserId}}","status":"Pending","cardId":null,"code":null}""";

    public static readonly string Done = $$"""{"requestId":"{{UserId}}","status":"Done","cardId":"{{CardId}}","code":null}""";

    public static readonly string Personalisation = $$"""
        {"orderId":"{{UserId}}","cardId":"{{CardId}}","programId":"{{BalanceId}}","kind":"Stock","printed":true,"status":"Sent","design":"gold","reason":null,
         "orderedAt":"2026-03-01T12:00:00Z","sentAt":"2026-03-01T13:00:00Z","finishedAt":null}
        """;

    public static readonly string PersonalisationRecord = $$"""
        {"orderId":"{{UserId}}","cardId":"{{CardId}}","programId":"{{BalanceId}}","kind":"Physical","printed":true,"design":null,"cardNo":"5105105105105100",
         "expiry":"2911","serviceCode":"201","cvv1":"681","icvv":"682","cvv2":"683","pvv":"6841","cardholderName":"ANNA NOWAK",
         "embossLines":["11/29","ANNA NOWAK"],"deliveryAddress":{"street":"Prosta 1","city":"Warszawa","postalCode":"00-001","country":"PL"} }
        """;

    public static readonly string Stock = $$"""
        {"id":"{{UserId}}","programId":"{{BalanceId}}","cards":25,"exp":"2029-11-30","design":null,"createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string OutsideLock = $$"""
        {"cardId":"{{CardId}}","status":"Locked","lock":{"code":2,"reason":"Card stolen","irreversible":true,"source":"Visa","lockedAt":"2026-03-01T12:00:00Z"} }
        """;

    public static readonly string PinKey = $$"""
        {"keyId":"{{UserId}}","processor":"proc","format":"ISO-0","checkValue":"08D7B4","createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string NewPinKey = $$"""
        {"keyId":"{{UserId}}","processor":"proc","format":"ISO-4","checkValue":"08D7B41FB6","wrappedKey":"d3JhcHBlZA","createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Rotation = $$"""
        {"state":"Incomplete","fromVersion":1,"toVersion":2,"total":10,"done":9,"failed":1,"startedAt":"2026-03-01T12:00:00Z","finishedAt":"2026-03-01T12:01:00Z",
         "perSecond":0.2,"keys":[{"version":2,"records":9,"createdAt":"2026-03-01T12:00:00Z","retiredAt":null}],
         "failures":[{"cardId":"{{CardId}}","reason":"It does not open.","foundAt":"2026-03-01T12:00:30Z"}]}
        """;

    public static readonly string NoRotation = """
        {"state":"None","fromVersion":null,"toVersion":null,"total":0,"done":0,"failed":0,"startedAt":null,"finishedAt":null,"perSecond":null,
         "keys":[{"version":1,"records":0,"createdAt":null,"retiredAt":null}],"failures":[]}
        """;

    public static readonly string Events = $$"""
        {"items":[{"sequence":8,"id":"{{CardId}}","type":"card.locked","occurredAt":"2026-03-01T12:00:00Z","data":{"cardId":"{{CardId}}","code":1} }],"next":"8"}
        """;

    public static readonly string Approved = $$"""
        {"decision":"Approved","actionCode":"0000","reason":"APPROVED","authorizationId":"{{CardId}}","approvalCode":"123456","available":{"amount":37500,"currency":"PLN"},
         "approvedAmount":{"amount":12500,"currency":"PLN"} }
        """;

    public static readonly string Program = $$"""
        {"id":"{{CardId}}","partnerId":"{{UserId}}","name":"Debit","binRange":"510510:000000000-999999999","currency":"PLN","remoteUrl":null,"processor":"proc",
         "digitalFirst":true,"kycMode":"Partner","autoBalance":false,"sessionMinutes":10,"idleMinutes":5,"selfRegistration":true,"cardValidityMonths":36,"cvvExpiryOrder":"YYMM",
         "timeZone":"Europe/Warsaw","holdLifetimeDays":7,"standIn":{"mode":"Approve","maxAmount":5000,"maxMinutes":30},
         "controls":{"limits":[{"window":"Lifetime","amount":null,"uses":3}],"channels":null,"mcc":null,"countries":null,"merchants":null},
         "createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Certificate = $$"""
        {"serial":"0A1B","kind":"Partner","partnerId":"{{UserId}}","processor":null,"subject":"CN=partner","notBefore":"2026-03-01T12:00:00Z",
         "notAfter":"2027-03-01T12:00:00Z","expiresSoon":true,"revokedAt":null,"createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Partner = $$"""
        {"id":"{{UserId}}","name":"Bank","contactEmail":null,"networks":["10.0.0.0/8"],"encryptionKeyId":null,"createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Operator = $$"""
        {"id":"{{UserId}}","email":"o@example.com","name":"Olga Op","role":"Manager","status":"Active","lockedUntil":null,"createdAt":"2026-03-01T12:00:00Z"}
        """;

    public static readonly string Audit = $$"""
        {"position":7,"id":"{{CardId}}","channel":"Secure","actor":"partner:{{UserId}}","action":"LockCard","subject":"card:{{CardId}}","customerId":"{{UserId}}",
         "partnerId":null,"outcome":null,"traceId":"t","occurredAt":"2026-03-01T12:00:00Z","hash":"ab"}
        """;

    public static readonly string Device = $$"""
        {"installationId":"{{CardId}}","deviceId":"d-1","deviceName":"Phone","createdAt":"2026-03-01T12:00:00Z","lastUsedAt":"2026-03-01T12:00:00Z","current":true}
        """;

    public static readonly Address Address = new("Prosta 1", "Warszawa", "00-001", "PL");

    public static readonly NewPhysicalCard NewPhysicalCard = new() { BalanceId = BalanceId, EmbossName = "ANNA NOWAK", DeliveryAddress = Address };

    public static readonly string NewPhysicalCardBody = $$$"""
        {"balanceId":"{{{BalanceId}}}","embossName":"ANNA NOWAK","deliveryAddress":{"street":"Prosta 1","city":"Warszawa","postalCode":"00-001","country":"PL"}}
        """;

    public static readonly string AddressBody = """{"deliveryAddress":{"street":"Prosta 1","city":"Warszawa","postalCode":"00-001","country":"PL"}}""";

    public static string PageOf(string item) => $$"""{"items":[{{item}}],"next":"more"}""";

    public static readonly NewUser NewUser = new()
    {
        ProgramId = CardId,
        Phone = "+48600100200",
        Email = "a@example.com",
        FirstName = "Anna",
        LastName = "Nowak",
        BirthDate = new DateOnly(1990, 5, 17),
        Nationality = "PL",
        Address = new Address("Prosta 1", "Warszawa", "00-001", "PL"),
    };

    public static readonly AuthorisationRequest Authorisation = new()
    {
        TransactionId = "t-1",
        Type = AuthorisationType.Purchase,
        CardNo = "5105105105105100",
        Exp = new DateOnly(2029, 11, 30),
        Cvv = "123",
        Amount = new Money(12500, "PLN"),
        Merchant = new Merchant("M1", "Shop", "5942", "PL"),
        Channel = EntryChannel.Ecommerce,
        TransmittedAt = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
    };
}
