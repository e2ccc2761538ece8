using System.ComponentModel.DataAnnotations;

namespace Antaca.DataCore.Operators;

internal sealed record OperatorSettings
{
    private const string PasswordPage = "/admin/password#";

    /// <summary>
    /// Where operators reach the panel, such as <c>https://panel.example.com</c>: the links in their e-mails lead to its page
    /// for passwords. The link's token stands behind a <c>#</c>, so that no server on the way logs it.
    /// </summary>
    [Required, RegularExpression("https://[^#?]+", ErrorMessage = "must be an https address without query or fragment")]
    public string PanelAddress { get; init; } = "";

    public string LinkOf(string token) => PanelAddress.TrimEnd('/') + PasswordPage + token;
}
