using System.ComponentModel.DataAnnotations;

namespace Antaca.CardService.Processors;

/// <summary>The outside processors that are told of their programmes' cards, and what we show them. All files are PEM.</summary>
internal sealed record ProcessorSettings : IValidatableObject
{
    /// <summary>By the processor's name, as programmes name it: its https address, to which <c>/card-events</c> is added.</summary>
    public Dictionary<string, Uri> Addresses { get; init; } = [];

    /// <summary>Our client certificate.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>The authority of the processors' own certificates; the system's where there is none.</summary>
    public string? Authority { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, _) in Addresses.Where(address => !address.Value.IsAbsoluteUri || address.Value.Scheme != Uri.UriSchemeHttps))
        {
            yield return new ValidationResult("must be an https address", [$"Addresses:{name}"]);
        }
        if (Addresses.Count > 0 && (Certificate is null || Key is null))
        {
            yield return new ValidationResult("is required where there are Addresses, with Key", [nameof(Certificate)]);
        }
    }
}
