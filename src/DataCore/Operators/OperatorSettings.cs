using System.ComponentModel.DataAnnotations;

namespace Antaca.DataCore.Operators;

internal sealed record OperatorSettings
{
    public const string DevelopmentLinkAddress = "https://localhost:8443/admin/password#";

    /// <summary>
    /// Where the links in e-mails to operators lead; the link's token is put behind it. Behind a <c>#</c> no server on the way
    /// logs it. Development has one of its own.
    /// </summary>
    [RegularExpression("https://.+", ErrorMessage = "must be an https address")]
    public string? LinkAddress { get; init; }

    public string LinkOf(string token) => (LinkAddress ?? DevelopmentLinkAddress) + token;
}
