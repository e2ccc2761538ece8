using System.Globalization;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Sessions;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Installations;

/// <summary>
/// Pairs the app on a device with the user of an activation code, and begins its first session. The same device paired
/// again ends what was there. The code works once, and is judged with its row held: guesses at once are tries all the same.
/// </summary>
internal static class PairDevice
{
    private const int MaxDeviceIdLength = 128;
    private const int MaxDeviceNameLength = 64;
    private const int MaxPhoneLength = 16;

    /// <param name="DevicePublicKey">EC P-256: the device signs its logins with the other half.</param>
    /// <param name="EncryptionKey">RSA of 2048 to 4096 bits: answers with card secrets are sealed for it and no other.</param>
    /// <param name="Pin">4 to 12 digits.</param>
    /// <param name="ProgramId">Tells apart the programmes that know the phone.</param>
    internal sealed record Request(
        string Phone, string ActivationCode, string DeviceId, string DeviceName, Jwk DevicePublicKey, string Pin, Jwk? EncryptionKey = null, Guid? ProgramId = null)
    {
        /// <summary>Never prints the code or the PIN.</summary>
        public override string ToString() => "pairing";
    }

    internal sealed record Answer(Guid InstallationId, string Token, DateTimeOffset ExpiresAt)
    {
        /// <summary>Never prints the token.</summary>
        public override string ToString() => $"installation {InstallationId}";
    }

    public static void MapPairDevice(this IEndpointRouteBuilder devices) =>
        devices.MapPost("/", Handle).AdmitsAnybody(Channel.Customers).Produces<Answer>(201)
            .WithDescription("The same device paired again ends what was there. The code works once.")
            .Example(new
            {
                phone = "+48221234567",
                activationCode = "042137",
                deviceId = "3f0d3a5c-phone",
                deviceName = "Anna's phone",
                devicePublicKey = ExampleKeys.Device,
                encryptionKey = ExampleKeys.Encryption,
                pin = "2580",
            })
            .Refuses(InstallationProblems.ActivationFailed(), InstallationProblems.UserLocked(), InstallationProblems.TooManyDevices());

    private static async Task<IResult> Handle(
        Request request, SlowHash slow, SlowHashTurns turns, HttpResponse response, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (FaultsOf(request) is { Any: true } faults)
        {
            return faults.Problem();
        }
        using var turn = await turns.Next(cancel);
        if (turn is null)
        {
            return SlowHashTurns.Busy(response);
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var users = await work.HoldUsersToPair(request.Phone, request.ProgramId, now);
        var codes = await work.HoldLiveCodes([.. users.Select(user => user.Id)], now);
        if (codes.Count == 0)
        {
            slow.VerifyNothing(ActivationCodes.Purpose, request.ActivationCode);
            return InstallationProblems.ActivationFailed();
        }
        var code = codes.FirstOrDefault(live => slow.Verify(ActivationCodes.Purpose, request.ActivationCode, live.CodeHash));
        if (code is null)
        {
            await work.CountWrong(codes, now);
            Work.Audit(subject: $"user:{codes[0].UserId}", outcome: "ACTIVATION_FAILED");
            await work.Commit();
            return InstallationProblems.ActivationFailed();
        }
        var user = users.Single(user => user.Id == code.UserId);
        if (!user.Active)
        {
            return InstallationProblems.UserLocked();
        }

        if (await work.FindActiveOnDevice(user.Id, request.DeviceId) is { } former)
        {
            await work.EndInstallation(former, user.Id, "Paired", now);
            await work.EndSessionsOfInstallation(former, "Paired", now);
        }
        else if (await work.CountActive(user.Id) >= Installation.MaxActive)
        {
            return InstallationProblems.TooManyDevices();
        }
        await work.EndActivationCodes(user.Id, now);
        var id = Guid.CreateVersion7(now);
        await work.AddInstallation(
            id, user, request.DeviceId, request.DeviceName, request.DevicePublicKey.ToJson(), request.EncryptionKey?.ToJson(), slow.Hash(Installation.PinPurpose, request.Pin), now);
        var session = await work.BeginSession(user.PartnerId, user.Id, id, user.SessionMinutes, user.IdleMinutes, now);
        Work.Audit(actor: $"user:{user.Id}", subject: $"installation:{id}", userId: user.Id, partnerId: user.PartnerId);
        await work.Commit();
        return TypedResults.Json(new Answer(id, session.Token.Reveal(), session.ExpiresAt), statusCode: StatusCodes.Status201Created);
    }

    private static Faults FaultsOf(Request request) => new Faults()
        .Unless(request.Phone.Length is > 1 and <= MaxPhoneLength && request.Phone[0] == '+', "phone", "must be an E.164 number such as +48221234567")
        .Unless(ActivationCodes.IsCode(request.ActivationCode), "activationCode", string.Create(CultureInfo.InvariantCulture, $"must be {ActivationCodes.Digits} digits"))
        .UnlessLine(request.DeviceId, "deviceId", MaxDeviceIdLength)
        .UnlessLine(request.DeviceName, "deviceName", MaxDeviceNameLength)
        .Unless(IsP256(request.DevicePublicKey), "devicePublicKey", "must be a public JWK of an EC key on P-256")
        .Unless(request.EncryptionKey is null || IsRsa(request.EncryptionKey), "encryptionKey", "must be a public JWK of an RSA key of 2048 to 4096 bits")
        .Unless(Installation.IsPin(request.Pin), "pin", "must be 4 to 12 digits")
        .Unless(!Installation.IsPin(request.Pin) || request.Pin.Distinct().Count() > 1, "pin", "must not be one digit over and over");

    private static bool IsP256(Jwk jwk)
    {
        if (!jwk.TryGetP256(out var key))
        {
            return false;
        }
        key.Dispose();
        return true;
    }

    private static bool IsRsa(Jwk jwk)
    {
        if (!jwk.TryGetRsa(out var key))
        {
            return false;
        }
        key.Dispose();
        return true;
    }
}
