namespace Antaca.Client;

/// <summary>An amount of money.</summary>
/// <param name="Amount">Minor units: 12500 is 125.00 PLN.</param>
/// <param name="Currency">ISO 4217, three capital letters.</param>
public readonly record struct Money(long Amount, string Currency);
