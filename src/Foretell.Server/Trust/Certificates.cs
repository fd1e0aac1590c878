using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Foretell.Server.Trust;

/// <summary>The certificate of HTTPS, from PEM or PFX files.</summary>
internal static class Certificates
{
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file holds no certificate with its private key, or the password is wrong.</exception>
    public static X509Certificate2 Load(TrustOptions options)
    {
        string path = options.CertificateFile!;
        foreach (string file in new[] { path, options.CertificateKeyFile ?? path })
        {
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"There is no file {file} for the certificate.");
            }
        }
        try
        {
            return IsPem(path) ? LoadPem(path, options) : X509CertificateLoader.LoadPkcs12FromFile(path, options.CertificatePassword);
        }
        catch (CryptographicException error)
        {
            throw new InvalidDataException($"{path} cannot be used as a certificate with its private key: {error.Message.TrimEnd('.')}. Wanted PEM (with the key in the same file or in --certificate-key) or PFX; a password is read from FORETELL_CERTIFICATE_PASSWORD.");
        }
    }

    private static bool IsPem(string path) => File.ReadAllBytes(path).AsSpan().IndexOf("-----BEGIN "u8) >= 0;

    private static X509Certificate2 LoadPem(string path, TrustOptions options)
    {
        using X509Certificate2 pem = options.CertificatePassword is string password
            ? X509Certificate2.CreateFromEncryptedPemFile(path, password, options.CertificateKeyFile)
            : X509Certificate2.CreateFromPemFile(path, options.CertificateKeyFile);
        // Windows takes no key that lives in memory alone; going by way of PFX works everywhere.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
    }
}
