using System.Globalization;
using System.Security.Cryptography;
using Antaca.Client;
using static Antaca.Demo.Walk;

namespace Antaca.Demo;

/// <summary>
/// The second act, as the app on the user's phone: it is paired, proves itself with its key, shows the user's cards, and one of
/// them in full after a step-up; locks it, and signs out.
/// </summary>
internal static class AppJourney
{
    private const int PinDigits = 6;

    /// <param name="walk">Takes the steps.</param>
    /// <param name="outcome">The user and the cards.</param>
    /// <param name="keys">The phone's, paired with nobody yet.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public static async Task Make(Walk walk, Journey.Outcome outcome, InMemoryKeyStore keys, CancellationToken cancel)
    {
        Act("The app");
        var (user, second) = (outcome.User, outcome.Second);
        var answerKey = (await keys.GetAnswerKey(cancel)).PublicKey;
        var app = walk.App(keys);

        var code = await walk.Step(
            "The partner asks for an activation code",
            $"for user {user.Id}",
            () => walk.Partner.CreateActivationCode(user.Id, cancel),
            code => code.ToString());

        var pin = SomePin();
        var pairing = new Pairing
        {
            Phone = outcome.Holder.Phone,
            ActivationCode = code.Code,
            DeviceId = "demo-" + RandomNumberGenerator.GetHexString(12, lowercase: true),
            DeviceName = "Anna's phone",
            Pin = pin,
        };
        var paired = await walk.Step(
            "Pair the phone",
            "phone, activation code, the app's PIN, the public halves of the device's two keys",
            () => app.Pair(pairing, cancel),
            paired => $"installation {paired.InstallationId}, session until {paired.ExpiresAt:HH:mm:ss} UTC");

        using var others = new InMemoryKeyStore();
        await walk.Refused(
            "Pair with the same code again",
            "another device, the used code",
            () => walk.App(others).Pair(pairing with { DeviceId = pairing.DeviceId + "-2" }, cancel),
            "ACTIVATION_FAILED");

        var info = await walk.Step(
            "Begin another session",
            "a challenge, signed with the device's key (ES256)",
            () => app.SignIn(cancel: cancel),
            info => $"session until {info.ExpiresAt:HH:mm:ss} UTC");
        Expect(info.InstallationId == paired.InstallationId, "The session should be of the installation that was paired.");

        var cards = await walk.Step(
            "The user's own cards",
            "the first page",
            () => app.ListCards(cancel: cancel),
            cards => string.Join(", ", cards.Items.Select(card => $"{card.MaskedCardNo} {card.Status}")));
        Expect(cards.Items.Count == 2 && cards.Items.Any(card => card.Id == second.Id), "The user should see both cards, and no other.");

        var path = $"/customers/me/cards/{second.Id}";
        await walk.RefusedBare("The session alone does not show a card in full", path, app.Token!, answerKey, "APPROVAL_REQUIRED", cancel);

        await walk.Refused(
            "A step-up with a wrong PIN",
            $"card {second.Id}, PIN ****",
            () => app.GetCard(second.Id, OtherThan(pin), cancel),
            "WRONG_PIN");

        foreach (var (title, given) in new[] { ("Show the full card data, by PIN", pin), ("Show the full card data, by the device's key", null) })
        {
            var shown = await walk.Step(
                title,
                "a step-up for this card, once; then the data, sealed for the device's key",
                () => app.GetCard(second.Id, given, cancel),
                shown => shown.ToString());
            Expect(shown.CardNo == second.CardNo && shown.Cvv == second.Cvv, "The app should show the card that was issued.");
        }

        var locked = await walk.Step(
            "The user locks the card",
            "lock with code 3",
            () => app.LockCard(second.Id, LockCode.PendingQuery, cancel: cancel),
            card => $"{card.MaskedCardNo}, {card.Status}: {card.Lock?.Reason}, by {card.Lock?.Source}");
        Expect(locked is { Status: CardStatus.Locked, Lock: { Code: LockCode.PendingQuery, Irreversible: false } }, "The card should be locked, and not for good.");

        var last = app.Token!;
        await walk.Step(
            "Sign out",
            "end the session",
            async () =>
            {
                await app.Logout(cancel);
                return "signed out";
            },
            answer => answer);
        await walk.RefusedBare("The old token", "/customers/me", last, answerKey, "SESSION_ENDED", cancel);
    }

    private static string SomePin()
    {
        string pin;
        do
        {
            pin = RandomNumberGenerator.GetInt32(1_000_000).ToString("D" + PinDigits, CultureInfo.InvariantCulture);
        }
        while (pin.Distinct().Count() == 1);
        return pin;
    }

    private static string OtherThan(string pin) => pin[..^1] + (pin[^1] == '0' ? '1' : '0');
}
