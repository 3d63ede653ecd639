@echo off
(
echo The quick brown fox
echo jumps over
echo the lazy dog
echo.
echo foobar foo.bar c:\dir\file.txt
echo 12345 abc
)> text.txt
copy text.txt other.txt > nul
echo --- find
find "the" text.txt
find /i /n "the" text.txt
find /c "o" text.txt other.txt
find /v "o" < text.txt
type text.txt | find /c /v ""
find "nothing" text.txt
echo %errorlevel%
find "x" missing.txt
echo %errorlevel%
find nothing text.txt
echo %errorlevel%
echo --- findstr
findstr fox text.txt
findstr /n "quick lazy" text.txt
findstr /i /c:"THE LAZY" text.txt
findstr /r "^t.*g$" text.txt
findstr /r "[0-9][0-9]* a" text.txt
findstr /r /c:"\<foo\>" text.txt
findstr "foo\.bar" text.txt
findstr /l "o.b" text.txt
findstr /b j text.txt
findstr /e dog text.txt
findstr /x /c:"jumps over" text.txt
findstr /v /r "[a-z]" text.txt
findstr /m fox *.txt
findstr /s /n dog *.txt
findstr /c:"c:\\dir" text.txt
type text.txt | findstr /v "o"
findstr nothing text.txt
echo %errorlevel%
findstr /r "[^a-z 0-9]" text.txt
echo fox> strings.lst
findstr /g:strings.lst text.txt
echo --- sort
sort text.txt
sort /r < text.txt
(echo b3& echo a1& echo c2) | sort /+2
(echo b& echo a) | sort | more
echo --- more
echo a	tab | more
more +4 text.txt
echo --- where
where cmd
where findstr.exe
where nosuchprogram
echo %errorlevel%
where $path:sort.*
where .:*.lst
echo --- others
chcp
chcp 65001
chcp
chcp 437
attrib +r +h text.txt
attrib text.txt
dir /b text.txt
dir /b /ah text.txt
attrib -r -h text.txt
attrib text.txt
timeout /t 1
echo %errorlevel%
whoami | findstr /r "^[a-z0-9-]*\\user$"
hostname | findstr . > nul && echo named
for /f "skip=3 tokens=1" %%a in ('tasklist') do if %%a==tasklist.exe echo listed
start /b /wait timeout.exe /t 0 > nul
taskkill /im nosuch.exe
echo %errorlevel%
echo --- reg
set k=HKCU\Software\CmdTest
reg query %k%
echo %errorlevel%
reg add %k% /v Text /d "some text" /f
reg add %k% /v Number /t REG_DWORD /d 0x10 /f
reg add %k%\Sub /v Multi /t REG_MULTI_SZ /d a\0b /f > nul
reg add %k%\Sub /ve /d default /f > nul
reg add %k%\Sub /v Bytes /t REG_BINARY /d 0aFF /f > nul
reg add %k%\Sub /v Path /t REG_EXPAND_SZ /d ^%%SystemRoot^%%\x /f > nul
reg query %k%
reg query %k% /v Number
reg query %k% /s
reg query %k% /v Nothing
echo %errorlevel%
for /f "tokens=2*" %%a in ('reg query %k% /v Text ^| findstr Text') do echo [%%a] [%%b]
reg export %k% saved.reg /y
type saved.reg
reg delete %k% /f
reg query %k% 2> nul || echo gone
reg import saved.reg
reg query %k%\Sub
reg delete %k%\Sub /v Bytes /f
reg delete %k% /f > nul
reg add NOROOT\x
