using System.Security.Cryptography;
using System.Text;
using Foretell.Tensors.Files;

namespace Foretell.Server.Trust;

/// <summary>
/// What is kept of a key: HMAC-SHA256 of it under a secret of this installation (the pepper), so that a stolen database
/// neither gives keys nor tells whether a key that is known elsewhere is among them. A slow hash is not needed: a key has
/// 256 bits of randomness, not a password's few.
/// </summary>
public sealed class KeyHasher
{
    /// <summary>The pepper's file in the data folder, readable by its owner alone.</summary>
    public const string FileName = "key-pepper";

    private const int PepperBytes = 32;
    private readonly byte[] _pepper;

    /// <param name="pepper">32 bytes.</param>
    public KeyHasher(ReadOnlySpan<byte> pepper)
    {
        _pepper = pepper.Length == PepperBytes ? pepper.ToArray() : throw new ArgumentException(FormattableString.Invariant($"A pepper has {PepperBytes} bytes; {pepper.Length} were given."));
    }

    /// <summary>Takes the pepper of a data folder, and makes one where there is none.</summary>
    /// <exception cref="IOException">The folder can't be written.</exception>
    /// <exception cref="InvalidDataException">The file is damaged: no key could ever be found again.</exception>
    public static KeyHasher Open(string dataFolder)
    {
        Directory.CreateDirectory(dataFolder);
        string path = Path.Combine(dataFolder, FileName);
        if (!File.Exists(path))
        {
            Create(path);
        }
        byte[] pepper = File.ReadAllBytes(path);
        return pepper.Length == PepperBytes ? new KeyHasher(pepper)
            : throw new InvalidDataException(FormattableString.Invariant($"{path} has {pepper.Length} bytes where {PepperBytes} were written; without it no API key is known, so restore it from a backup."));
    }

    /// <summary>The hash of a key, 64 hexadecimal digits.</summary>
    public string Hash(string secret) => Convert.ToHexStringLower(HMACSHA256.HashData(_pepper, Encoding.UTF8.GetBytes(secret)));

    /// <summary>Whether a key has this hash, in a time that does not tell how much of it was right.</summary>
    public bool Matches(string secret, string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(hash));

    /// <summary>Of two processes that begin at once one writes the file, and the other finds it.</summary>
    private static void Create(string path)
    {
        string mine = path + "." + Path.GetRandomFileName();
        AtomicFile.Write(mine, RandomNumberGenerator.GetBytes(PepperBytes));
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(mine, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            File.Move(mine, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(mine);
        }
    }
}
