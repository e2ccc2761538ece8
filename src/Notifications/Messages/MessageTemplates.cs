using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Antaca.ServiceDefaults;

namespace Antaca.Notifications.Messages;

/// <summary>What our messages say, all of it: plain text, in English. A name in braces stands for a value of the request.</summary>
internal static partial class MessageTemplates
{
    private const int MaxValues = 16;
    private const int MaxValueLength = 512;

    private static readonly Dictionary<string, MessageText> _templates = new(StringComparer.Ordinal)
    {
        ["ActivationCode"] = new(
            "Your activation code",
            """
            Your activation code is {code}. It works for {minutes} minutes, once. Do not tell it to anybody: we never ask for it.
            """),
        ["OperatorInvitation"] = new(
            "Your access to Antaca",
            """
            You are invited to the administration of Antaca. Choose your password here within {minutes} minutes:

            {link}

            If you do not expect this, tell your administrator.
            """),
        ["PasswordReset"] = new(
            "Your new password for Antaca",
            """
            A new password was asked for. Choose it here within {minutes} minutes:

            {link}

            If it was not you, do nothing: your password stays as it is.
            """),
        ["CertificateExpiring"] = new(
            "A certificate of yours expires soon",
            """
            The client certificate with the serial number {serial} stops working on {notAfter}.
            Have a new one signed before then, so that your calls go on being answered.
            """),
        ["PartnerBalanceLow"] = new(
            "A balance of yours is low",
            """
            Your {kind} balance {balance} has {available} available, less than the {threshold} that you asked to be warned at.
            Add money to it in time, so that your cards go on being accepted.
            """),
    };

    /// <summary>Values that the text has no place for are not used; one that it has a place for must be there.</summary>
    public static bool TryFill(
        string template, IReadOnlyDictionary<string, string> values, [NotNullWhen(true)] out MessageText? text, [NotNullWhen(false)] out Faults? faults)
    {
        text = null;
        faults = new Faults().Unless(_templates.TryGetValue(template, out var unfilled), "template", "is not one of ours")
            .Unless(values.Count <= MaxValues, "values", $"must be at most {MaxValues}");
        if (faults.Any)
        {
            return false;
        }
        foreach (var name in Places().Matches(unfilled!.Body).Select(place => place.Groups[1].Value).Distinct())
        {
            faults.UnlessLine(values.GetValueOrDefault(name, ""), $"values.{name}", MaxValueLength);
        }
        if (faults.Any)
        {
            return false;
        }
        text = unfilled with { Body = Places().Replace(unfilled.Body, place => values[place.Groups[1].Value]) };
        faults = null;
        return true;
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Places();
}
